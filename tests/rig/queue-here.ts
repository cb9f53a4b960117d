import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from './rig.ts';

const scripts = {
  'submit.sh': '#!/bin/sh\nsetsid "$1" >/dev/null 2>"$1.log" </dev/null &\necho $!\n',
  'poll.sh':
    '#!/bin/sh\n[ -e broken ] && exit 1\n' +
    'if kill -0 "$1" 2>/dev/null; then echo running; else echo gone; fi\n',
  'cancel.sh': '#!/bin/sh\nkill "$1" 2>/dev/null || true\n',
};

/**
 * The settings of an executor whose queue is this machine: jobs are processes of their own sessions, which no
 * runner ends. A file `broken` in the project makes the queue fail when it is polled.
 */
export const queueHere = {
  submit: ['./submit.sh', '${script}'],
  poll: ['./poll.sh', '${id}'],
  cancel: ['./cancel.sh', '${id}'],
  interval: 0.2,
  grace: 1,
} as const;

/** Writes the commands of the queue into a project. */
export function writeQueue(rig: Pick<Rig, 'root' | 'write'>): void {
  rig.write(scripts);
  for (const name of Object.keys(scripts)) chmodSync(join(rig.root, name), 0o755);
}
