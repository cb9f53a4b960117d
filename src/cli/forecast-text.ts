import { reasonText } from '../runner/manifest/reason-text.ts';
import type { Forecast } from '../runner/project.ts';
import { displacedText } from '../runner/report/outcome-text.ts';
import type { Colors } from '../runner/report/colors.ts';
import { someOf } from '../runner/some-of.ts';

/** What a run would do, instance by instance, with reasons. */
export function forecastText({ willRun, mayRun, cached, willRestore }: Forecast, colors: Colors): string {
  const lines = [
    ...willRun.map(
      ({ instance, because }) =>
        `${colors.yellow('will run')}  ${instance}  ${colors.dim(because.map(reasonText).join('; '))}`,
    ),
    ...mayRun.map(
      ({ instance, after }) =>
        `${colors.cyan('may run')}   ${instance}  ${colors.dim(`after ${someOf(after, 3)}`)}`,
    ),
    ...willRestore.map(
      ({ instance, displaced }) =>
        `${colors.green('restore')}   ${instance}  ${colors.dim(displacedText(displaced))}`,
    ),
    [
      `${willRun.length} will run`,
      `${mayRun.length} may run`,
      ...(willRestore.length > 0 ? [`${willRestore.length} restored from the cache`] : []),
      `${cached.length - willRestore.length} up to date`,
    ].join(', '),
  ];
  return `${lines.join('\n')}\n`;
}
