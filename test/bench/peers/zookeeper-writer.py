# A writer on ZooKeeper for test/bench/failover.ts and peer-commits.ts. Each line on standard input is a command: "write" is
# one write of 256 bytes, answered by "ok" or "failed"; "load CLIENTS SECONDS" keeps as many writes in flight and answers with
# one line of JSON. The library reconnects by itself, as fast as it can be told to.
import json
import logging
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.retry import KazooRetry

VALUE = b"x" * 256

logging.disable(logging.CRITICAL)
client = KazooClient(
    hosts=sys.argv[1],
    timeout=10,
    connection_retry=KazooRetry(max_tries=-1, delay=0.01, backoff=1, max_delay=0.02),
)
client.start(timeout=30)
client.ensure_path("/bench")


def write():
    try:
        client.set_async("/bench", VALUE).get(timeout=0.25)
        return "ok"
    except (KazooException, KazooTimeoutError):
        return "failed"


def load(clients, seconds):
    """Each answer starts the next write of its client, until the time is over."""
    latencies, failed, ended = [], [], threading.Semaphore(0)
    started = time.perf_counter()

    def begin():
        begun = time.perf_counter()
        if begun - started >= seconds:
            ended.release()
            return
        client.set_async("/bench", VALUE).rawlink(lambda result: answered(begun, result))

    def answered(begun, result):
        if result.successful():
            latencies.append((time.perf_counter() - begun) * 1000)
        else:
            failed.append(1)
        begin()

    for _ in range(clients):
        begin()
    for _ in range(clients):
        ended.acquire()
    elapsed = (time.perf_counter() - started) * 1000
    return json.dumps({"elapsedMs": elapsed, "latenciesMs": latencies, "failed": len(failed)})


print("ready", flush=True)
for line in sys.stdin:
    command, *arguments = line.split()
    print(write() if command == "write" else load(int(arguments[0]), float(arguments[1])), flush=True)
