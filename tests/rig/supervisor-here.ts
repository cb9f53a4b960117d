import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { supervise } from '../../src/runner/executors/local/supervise.ts';
import type { SupervisorProcess } from '../../src/runner/executors/local/supervisor-client.ts';

/**
 * A supervisor in the process of the test, which starts and ends stages as `supervisor.js` does. Only what it
 * does when its runner dies takes a process of its own.
 */
export function supervisorHere(): SupervisorProcess {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  supervise({ orders: stdin, reports: stdout }, () => undefined);
  return Object.assign(new EventEmitter(), { stdin, stdout, unref: () => undefined });
}
