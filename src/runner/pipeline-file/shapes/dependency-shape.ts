import { nearest } from '../nearest.ts';
import type { StageDependency } from '../pipeline.ts';
import type { MapNode } from '../yaml/node.ts';
import { choice, flag, lateText, map, optional, record, required, text, type Shape } from './shape.ts';

const join = record('a dep on a stage', {
  from: required(text, 'the stage whose out is read: its instance with the same values of every shared axis'),
  out: required(text, 'the name of its out'),
  gather: optional(flag, 'true: read all instances with the same values of the shared axes'),
});

const filed = record('a dep on a path', {
  path: required(
    lateText('a path'),
    'a file, a folder or a pattern with * and **; its content is part of the key',
  ),
  external: optional(flag, 'true: it lies outside the project and is only read'),
  ignore: optional(
    flag,
    'false: every file of the folder counts, even those that systems and editors leave there',
  ),
  optional: optional(
    flag,
    'true: it may be missing, or match no file; the stage runs again when that changes',
  ),
  hint: optional(text, 'help shown if it is missing, such as where to get it'),
});

/** A dep: a path, a repository of the hub, or an out of a stage. */
export const dependencyShape: Shape<StageDependency> = choice(
  'a path, hf:owner/name@revision, or a map with from and out',
  {
    short: map(lateText('a path'), (path): StageDependency => ({
      kind: 'path',
      path,
      external: false,
      ignore: true,
      optional: false,
      hint: undefined,
      at: path.at,
    })),
    join: map(join, ({ from, out: name, gather, at }): StageDependency => ({
      kind: 'from',
      stage: from,
      out: name,
      gather: gather?.value ?? false,
      at,
    })),
    filed: map(filed, ({ path, external, ignore, optional: isOptional, hint, at }): StageDependency => ({
      kind: 'path',
      path,
      external: external?.value ?? false,
      ignore: ignore?.value ?? true,
      optional: isOptional?.value ?? false,
      hint: hint?.value,
      at,
    })),
  },
  (node) => (node.kind !== 'map' ? 'short' : looksLikeJoin(node) ? 'join' : 'filed'),
);

const looksLikeJoin = ({ entries }: MapNode): boolean =>
  !entries.has('path') &&
  !entries.has('external') &&
  [...entries.keys()].some(
    (name) =>
      name === 'from' ||
      name === 'out' ||
      name === 'gather' ||
      nearest(name, ['from', 'gather']) !== undefined,
  );
