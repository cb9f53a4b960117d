import { supervise } from './supervise.ts';

/** A small process between the runner and the stages of a run, so that no stage outlives the runner. */
supervise({ orders: process.stdin, reports: process.stdout }, () => process.exit(0));
// The terminal's signals are for the runner, which decides what to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
