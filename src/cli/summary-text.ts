import type { Outcome } from '../runner/event.ts';
import type { RunSummary } from '../runner/project.ts';
import type { Colors } from '../runner/report/colors.ts';
import { durationText } from '../runner/report/duration-text.ts';

/** The last line of a run: how many instances ended how, and what to do next after a failure. */
export function summaryText({ outcomes, seconds, exitCode }: RunSummary, colors: Colors): string {
  const count = (kind: Outcome['kind']) => [...outcomes.values()].filter((outcome) => outcome.kind === kind).length;
  const total = outcomes.size;
  const cached = count('cached');
  if (cached === total) return `${colors.green('✓')} everything is up to date: ${total === 1 ? '1 instance' : `${total} instances`}, ${durationText(seconds)}\n`;
  const parts = [
    [count('ran'), 'ran'],
    [count('restored'), 'restored'],
    [cached, 'up to date'],
    [count('failed'), 'failed'],
    [count('blocked'), 'not started'],
    [count('interrupted'), 'interrupted'],
  ] as const;
  const text = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`).join(', ');
  const failed = [...outcomes].find(([, outcome]) => outcome.kind === 'failed');
  const next = failed !== undefined ? `  pipeline log ${failed[0]} shows all it printed; pipeline run goes on from here\n` : exitCode >= 130 ? '  pipeline run goes on from here\n' : '';
  return `${exitCode === 0 ? colors.green('✓') : colors.red('✗')} ${text}, ${durationText(seconds)}\n${next}`;
}
