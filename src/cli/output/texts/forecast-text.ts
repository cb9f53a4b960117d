import { reasonText } from '../../../runner/report/reason-text.ts';
import type { Forecast } from '../../../runner/project.ts';
import { displacedText } from '../../../runner/report/outcome-text.ts';
import type { Colors } from '../../../runner/wording/colors.ts';
import { joinFirst } from '../../../runner/wording/join-first.ts';

/** What a run would do, instance by instance, with reasons. */
export function forecastText(
  { willRun, mayRun, upToDate, willRestore, frozen = [], awaited }: Forecast,
  colors: Colors,
): string {
  const lines = [
    ...willRun.map(
      ({ instance, because }) =>
        `${colors.yellow('will run')}  ${instance}  ${colors.dim(because.map(reasonText).join('; '))}`,
    ),
    ...mayRun.map(
      ({ instance, after }) =>
        `${colors.cyan('may run')}   ${instance}  ${colors.dim(`after ${joinFirst(after, 3)}`)}`,
    ),
    ...willRestore.map(
      ({ instance, displaced }) =>
        `${colors.green('restore')}   ${instance}  ${colors.dim(displacedText(displaced))}`,
    ),
    ...frozen.map(
      (instance) => `${colors.cyan('frozen')}    ${instance}  ${colors.dim('its last result is used')}`,
    ),
    ...awaited.map(
      ({ name, after }) =>
        `${colors.cyan('unknown')}   ${name}  ${colors.dim(`known after ${joinFirst(after, 3)}`)}`,
    ),
    [
      `${willRun.length} will run`,
      `${mayRun.length} may run`,
      ...(willRestore.length > 0 ? [`${willRestore.length} restored from the cache`] : []),
      `${upToDate.length} up to date`,
    ].join(', '),
  ];
  return `${lines.join('\n')}\n`;
}
