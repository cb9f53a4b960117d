import { PassThrough, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forwardLines } from '../../src/runner/executors/local/forward-lines.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A runner that takes a line on demand. */
function slowRunner() {
  const taken: string[] = [];
  let take: (() => void) | undefined;
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      taken.push(String(chunk));
      take = done;
    },
  });
  return {
    stream,
    taken,
    takeOne: async (): Promise<void> => {
      take?.();
      await setImmediate();
    },
  };
}

function settlement(promise: Promise<void>): { readonly promise: Promise<void>; settled: boolean } {
  const settling = {
    promise: promise.finally(() => {
      settling.settled = true;
    }),
    settled: false,
  };
  return settling;
}

const after = async (milliseconds: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(milliseconds);
  await setImmediate();
};

test('no line of an ended stage is lost, however slow the runner is', async () => {
  const pipe = new PassThrough({ highWaterMark: 1 });
  const runner = slowRunner();
  const lines = forwardLines(pipe, runner.stream, (line) => void runner.stream.write(`${line}`));
  const written = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  for (const line of written) pipe.write(`${line}\n`);
  const finish = settlement(lines.finish());
  pipe.end();
  for (let turn = 0; turn < written.length - 1; turn++) {
    await after(600);
    expect({ turn, finished: finish.settled }).toEqual({ turn, finished: false });
    await runner.takeOne();
  }
  await runner.takeOne();
  await finish.promise;
  expect(runner.taken).toEqual(written);
});

test('a process that holds the pipe of an ended stage is not waited for', async () => {
  for (const talks of [false, true]) {
    const pipe = new PassThrough();
    const lines = forwardLines(pipe, new PassThrough().resume(), () => undefined);
    const finish = settlement(lines.finish());
    for (let turn = 0; turn < 30; turn++) {
      if (talks) pipe.write('more\n');
      await after(100);
    }
    expect(finish.settled).toBe(true);
  }
});
