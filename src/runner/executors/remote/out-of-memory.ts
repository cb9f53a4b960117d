import { readFileSync } from 'node:fs';

/**
 * The number of processes in this job's control group that the kernel killed for lack of memory; 0 without a
 * control group. Version 2 of control groups counts in memory.events, version 1 in memory.oom_control
 * (cgroups(7)).
 */
export function outOfMemoryKills(): number {
  const groups = textOf('/proc/self/cgroup').split('\n');
  for (const line of groups) {
    const [, controllers = '', ...path] = line.split(':');
    const place = path.join(':');
    const text = controllers.split(',').includes('memory')
      ? textOf(`/sys/fs/cgroup/memory${place}/memory.oom_control`)
      : line.startsWith('0::')
        ? textOf(`/sys/fs/cgroup${place}/memory.events`)
        : '';
    const kills = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (kills !== undefined) return Number(kills);
  }
  return 0;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
