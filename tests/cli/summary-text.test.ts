import { describe, expect, test } from 'vitest';
import { summaryText, type TypedRun } from '../../src/cli/output/texts/summary-text.ts';
import type { Outcome } from '../../src/runner/event.ts';
import type { InstanceId, RunId } from '../../src/runner/identity.ts';
import type { RunSummary } from '../../src/runner/project.ts';
import { noColors } from '../../src/runner/wording/colors.ts';

const ran: Outcome = { kind: 'ran', seconds: 1, published: true };
const failed: Outcome = { kind: 'failed', failure: { kind: 'exit', code: 1 }, seconds: 1, tail: [] };
const blocked: Outcome = { kind: 'blocked', by: 'a' as InstanceId };
const skipped: Outcome = { kind: 'skipped' };

const shown = (
  outcomes: Readonly<Record<string, Outcome>>,
  exitCode: RunSummary['exitCode'] = 1,
  typed: TypedRun = {},
): readonly string[] =>
  summaryText(
    {
      run: 'r' as RunId,
      seconds: 2,
      exitCode,
      outcomes: new Map(Object.entries(outcomes).map(([id, outcome]) => [id as InstanceId, outcome])),
      readsOutOfDate: false,
    },
    typed,
    noColors,
  )
    .trimEnd()
    .split('\n');

describe('the summary of a run', () => {
  test('names all failures, quoted for any shell', () => {
    expect(shown({ 'data[aimc]': failed, 'data[huatuo,gs_1]': failed, 'train[aimc]': blocked })).toEqual([
      '✗ 2 failed, 1 not started, 2.0 s',
      '  see `pipeline log data:aimc`',
      '  see `pipeline log data:huatuo,gs_1`',
      '  continue with `pipeline run`',
    ]);
  });

  test.each([
    [{ mode: 'needs', patterns: ['train[aimc,gs_1]', 'eval'] }, 'pipeline run train:aimc,gs_1 eval'],
    [{ mode: 'only', patterns: ['train[*,gs_1]'] }, "pipeline run --only 'train[*,gs_1]' --set vars.seed=2"],
    [{ mode: 'from', patterns: ['eval'] }, 'pipeline run --from eval'],
  ] as const)('continues with what was selected: %j', (selection, command) => {
    const set = command.includes('--set') ? ['vars.seed=2'] : [];
    expect(shown({ 'train[aimc,gs_1]': failed }, 1, { selection, set }).at(-1)).toBe(
      `  continue with \`${command}\``,
    );
  });

  test('names five, and counts the others', () => {
    expect(
      shown(Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`s[${index}]`, failed]))).slice(5),
    ).toEqual(['  see `pipeline log s:4`', '  … and 3 more failed', '  continue with `pipeline run`']);
  });

  test('counts what was not started, and suggests --keep-going where it was not given', () => {
    const outcomes = { a: failed, b: blocked, c: skipped, d: ran };
    expect(shown(outcomes)).toEqual([
      '✗ 1 ran, 1 failed, 2 not started, 2.0 s',
      '  see `pipeline log a`',
      '  1 instance does not depend on the failure: run it with `--keep-going`',
      '  continue with `pipeline run`',
    ]);
    expect(shown(outcomes, 1, { keepGoing: true }).join()).not.toContain('--keep-going');
  });

  test('counts results that were not cached since their inputs changed during the run', () => {
    const edited: Outcome = { kind: 'ran', seconds: 1, published: false, edited: 'data/a.csv' };
    expect(shown({ a: edited, b: edited, c: ran }, 0)).toEqual([
      '✓ 3 ran, 2.0 s',
      '  2 results are not cached, since their inputs changed meanwhile: the next run computes them again',
    ]);
  });

  test('after Ctrl-C, instances that were not started are counted too', () => {
    expect(shown({ a: { kind: 'interrupted', seconds: 1 }, b: skipped, c: skipped }, 130)).toEqual([
      '✗ 1 interrupted, 2 not started, 2.0 s',
      '  continue with `pipeline run`',
    ]);
  });

  test('--retry-failed with nothing to retry does not report that everything is up to date', () => {
    expect(shown({}, 0, { retryFailed: true, file: 'b.yaml' })).toEqual([
      '✓ nothing to retry: no instance failed, was blocked or was interrupted when it was last ' +
        'run (see `pipeline status --file b.yaml`)',
    ]);
  });

  test('suggested commands contain the given pipeline file, quoted for a shell', () => {
    expect(shown({ a: failed }, 1, { file: 'experiments/b.yaml' }).slice(1)).toEqual([
      '  see `pipeline log a --file experiments/b.yaml`',
      '  continue with `pipeline run --file experiments/b.yaml`',
    ]);
    expect(shown({ a: failed }, 1, { file: "my '1'.yaml" })[1]).toBe(
      "  see `pipeline log a --file 'my '\\''1'\\''.yaml'`",
    );
  });
});
