import type { RunSummary, SmokeReport } from '../../../runner/project.ts';
import { countOutcomes } from '../../../runner/report/count-outcomes.ts';
import { countsText } from '../../../runner/report/counts-text.ts';
import { quotedCommand, type TypedPipeline } from '../../../runner/wording/command-text.ts';
import type { Colors } from '../../../runner/wording/colors.ts';
import { durationText } from '../../../runner/wording/duration-text.ts';

/** The end of a smoke run: what was tried, how long it took, and a note that these are not results. */
export function smokeText(
  { run, outcomes, seconds, exitCode }: RunSummary,
  { folder, small, whole }: SmokeReport,
  typed: TypedPipeline,
  colors: Colors,
): string {
  const counts = countOutcomes(outcomes.values());
  const mark = exitCode === 0 ? colors.green('✓') : colors.red('✗');
  const lines = [
    `${mark} smoke run: ${countsText(counts)}, ${durationText(seconds)}`,
    ...(small.length === 0 ? [] : [`  tried on few rows and steps: ${small.join(', ')}`]),
    ...(whole.length === 0
      ? []
      : [`  run at full size (their programs do not say how to make them small): ${whole.join(', ')}`]),
    ...(exitCode === 0 ? [] : [`  the output of its stages is in cache/logs/${run}`]),
    `  its results are in ${folder} until the next smoke run or ` +
      `${quotedCommand(typed, 'gc')}; no real result was read or changed`,
  ];
  return `${lines.join('\n')}\n`;
}
