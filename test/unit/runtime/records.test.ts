import { describe, expect, it } from 'vitest';
import { parseContainerRecord, parseStatusRecord } from '../../../src/runtime/records.js';
import { killedTermination, terminationOf, unknownTermination } from '../../../src/runtime/termination.js';

const STATUS = `mesoctl 1
launched 1
wait_status 768
started_ms 1000
finished_ms 2000
cpu_us 1500
max_rss_kb 2048
`;
const MEMORY = `oom 1
oom_kill 1
memory_limit 18446744073709551615
memory_peak 0
memory_anon 10
memory_file 20
memory_kernel 30
`;

describe('the status of a container', () => {
  it('is read with and without the memory controller', () => {
    expect(parseStatusRecord(`${STATUS}end\n`)).toEqual({
      launched: true,
      waitStatus: 768,
      startedAtMs: 1000,
      finishedAtMs: 2000,
      cpuTimeMs: 1.5,
      maxRssKb: 2048,
      memory: undefined,
    });
    expect(parseStatusRecord(`${STATUS}${MEMORY}end\n`)?.memory).toEqual({
      oom: 1,
      oomKill: 1,
      limitBytes: Number.POSITIVE_INFINITY,
      peakBytes: undefined,
      anonBytes: 10,
      fileBytes: 20,
      kernelBytes: 30,
    });
  });

  it('counts as absent unless it is complete', () => {
    const whole = `${STATUS}${MEMORY}end\n`;
    for (let length = 0; length < whole.length; length++)
      expect(parseStatusRecord(whole.slice(0, length))).toBeUndefined();
    expect(parseStatusRecord(whole.replace('mesoctl 1', 'mesoctl 2'))).toBeUndefined();
    expect(parseStatusRecord(whole.replace('wait_status 768', 'wait_status x'))).toBeUndefined();
    expect(parseStatusRecord(whole.replace('wait_status 768\n', ''))).toBeUndefined();
  });

  it('becomes a termination', () => {
    const record = parseStatusRecord(`${STATUS}${MEMORY}end\n`);
    if (record === undefined) throw new Error('not parsed');
    expect(terminationOf('c', record)).toMatchObject({
      containerId: 'c',
      waitStatus: 768,
      limitation: { reason: 'REASON_CONTAINER_LIMITATION_MEMORY' },
      cpuTimeMs: 1.5,
    });
    expect(terminationOf('c', { ...record, launched: false })).toEqual({ containerId: 'c', finishedAtMs: 2000 });
    expect(killedTermination('c', undefined)).toEqual({ containerId: 'c', waitStatus: 9, limitation: undefined });
    expect(unknownTermination('c')).toEqual({ containerId: 'c' });
  });
});

describe('the record of a running container', () => {
  const text = `mesoctl 1
id 0e3a
boot_id b
supervisor_pid 1
supervisor_ticks 2
init_pid 3
init_ticks 4
sandbox /path with spaces
cgroup /sys/fs/cgroup/x
end
`;
  it('is read, cgroup or not', () => {
    const record = {
      containerId: '0e3a',
      bootId: 'b',
      supervisorPid: 1,
      supervisorStartTicks: 2,
      initPid: 3,
      initStartTicks: 4,
      sandboxDir: '/path with spaces',
    };
    expect(parseContainerRecord(text)).toEqual({ ...record, cgroup: '/sys/fs/cgroup/x' });
    expect(parseContainerRecord(text.replace(/cgroup .*\n/, ''))).toEqual({ ...record, cgroup: undefined });
  });

  it('counts as absent unless it is complete', () => {
    for (let length = 0; length < text.length; length++)
      expect(parseContainerRecord(text.slice(0, length))).toBeUndefined();
    expect(parseContainerRecord(text.replace('init_pid 3', 'init_pid'))).toBeUndefined();
  });
});
