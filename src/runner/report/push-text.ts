import type { Pushed, PushedResult, RemoteCheck } from '../answers/shared-cache.ts';
import { pluralize } from '../wording/pluralize.ts';
import { sizeText } from '../wording/size-text.ts';
import { table } from '../wording/table.ts';

/** What would be uploaded, with sizes, and what not. */
export function pushListText({ remote, results }: Pushed, width: number): string {
  const wanted = results.filter(({ state }) => state === 'to-upload');
  const bytes = wanted.reduce((sum, result) => sum + result.bytes, 0);
  const rows = wanted.map(({ instance, objects, bytes: size }) => [
    instance,
    String(objects),
    sizeText(size),
  ]);
  const lines = [
    ...(rows.length === 0 ? [] : table([['instance', 'objects', 'size'], ...rows], width)),
    `${pluralize(wanted.length, 'result')} to upload to ${remote}, at most ` +
      `${sizeText(bytes)}${restText(results)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function restText(results: readonly PushedResult[]): string {
  const count = (state: PushedResult['state']): number =>
    results.filter((result) => result.state === state).length;
  const [present, absent] = [count('present'), count('not-cached')];
  return [
    ...(present > 0 ? [`; ${present} already there`] : []),
    ...(absent > 0 ? [`; ${pluralize(absent, 'instance')} without a cached result that is up to date`] : []),
  ].join('');
}

/** The uploaded results. */
export function pushedText({ remote, uploaded, results, problem }: Pushed): string {
  const failed = results.filter(({ state }) => state === 'failed');
  return [
    `uploaded ${pluralize(uploaded.results, 'result')} to ${remote} ` +
      `(${pluralize(uploaded.objects, 'object')}, ${sizeText(uploaded.bytes)})\n`,
    ...(problem === undefined
      ? []
      : [`error: ${pluralize(failed.length, 'result')} not uploaded: ${problem}\n`]),
  ].join('');
}

/** What a shared cache can do, a line a step. */
export function remoteCheckText({ remote, steps }: RemoteCheck, width: number): string {
  const rows = steps.map(({ step, ok, message, milliseconds }) => [
    ok ? 'ok' : 'FAILED',
    step,
    milliseconds === 0 ? '' : `${milliseconds} ms`,
    message,
  ]);
  return `${[remote, ...table([['', 'step', 'time', 'found'], ...rows], width)].join('\n')}\n`;
}
