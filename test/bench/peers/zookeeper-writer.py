# A writer on ZooKeeper for test/bench/failover.ts: each line on standard input is one write of 256 bytes, answered by "ok"
# or "failed". The library reconnects by itself, as fast as it can be told to.
import logging
import sys

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.retry import KazooRetry

logging.disable(logging.CRITICAL)
client = KazooClient(
    hosts=sys.argv[1],
    timeout=10,
    connection_retry=KazooRetry(max_tries=-1, delay=0.01, backoff=1, max_delay=0.02),
)
client.start(timeout=30)
client.ensure_path("/bench")
print("ready", flush=True)
for _ in sys.stdin:
    try:
        client.set_async("/bench", b"x" * 256).get(timeout=0.25)
        print("ok", flush=True)
    except (KazooException, KazooTimeoutError):
        print("failed", flush=True)
