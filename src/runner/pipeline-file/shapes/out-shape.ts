import type { OutKind, StageOut } from '../pipeline.ts';
import { choice, flag, lateText, map, optional, record, required, word, type Shape } from './shape.ts';

const outKinds = [
  'file',
  'metrics',
  'series',
  'table',
  'text',
  'image',
  'model',
] as const satisfies readonly OutKind[];

const longOut = record('an out', {
  path: required(lateText('a path'), "a path inside the instance's own folder"),
  kind: optional(word(outKinds), 'how it is shown: metrics is JSON, series is JSON Lines by step'),
  workspace: optional(
    flag,
    'true: the path is relative to the project root, for programs that choose where they write',
  ),
  push: optional(flag, 'false: its bytes are never uploaded to the shared cache'),
  temp: optional(
    flag,
    'true: its bytes are dropped when all that reads them is up to date; ' +
      'they come back by running the stage again',
  ),
});

/** An out: a path, or a map. */
export const outShape: Shape<StageOut> = choice(
  'a path, or a map with path, kind and workspace',
  {
    short: map(lateText('a path'), (path): StageOut => ({
      path,
      kind: 'file',
      workspace: false,
      push: true,
      temp: false,
      at: path.at,
    })),
    long: map(longOut, ({ path, kind, workspace, push, temp, at }, _, report): StageOut | undefined => {
      const kept =
        kind !== undefined && kind.value !== 'file'
          ? kind
          : workspace?.value === true
            ? workspace
            : undefined;
      if (temp?.value === true && kept !== undefined)
        return void report({
          severity: 'error',
          code: 'bad-temp',
          message: `an out with \`temp: true\` is only for other stages, so it cannot have ${
            kept === workspace ? '`workspace: true`' : `\`kind: ${kind?.value}\``
          }`,
          at: kept.at,
          help: 'leave one of them out',
        });
      return {
        path,
        kind: kind?.value ?? 'file',
        workspace: workspace?.value ?? false,
        push: push?.value ?? true,
        temp: temp?.value ?? false,
        at,
      };
    }),
  },
  (node) => (node.kind === 'map' ? 'long' : 'short'),
);
