import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Every import of every file, types included: an import of a type is knowledge too. */
const edges = sourceFiles(['src', 'stages']).flatMap((file) =>
  importsOf(readFileSync(join(root, file), 'utf8')).map((specifier) => ({
    file,
    specifier,
    target: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
  })),
);

/** The rooms of src/ml in order: each may import only what stands before it. */
const machineLearning = [
  'text',
  'dataset',
  'checkpoint',
  'tensor',
  'autodiff',
  'model',
  'runtime',
  'generate',
  'train',
  'metrics',
  'evaluate',
];

/** What a room of src/ml may not import though it stands before it. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  generate: ['autodiff'],
  metrics: ['checkpoint', 'tensor', 'autodiff', 'model', 'runtime', 'generate', 'train'],
  evaluate: ['autodiff', 'train'],
  tensor: ['text', 'dataset', 'checkpoint'],
};

/** Rooms of src/runner that are pure: no file, process, clock or database. */
const pureRooms = ['pipeline-file', 'plan', 'manifest', 'report', 'wording'];
const shellModules = /^node:(fs|child_process|net|http|https|worker_threads|os|process|timers)(\/|$)/;

describe('the import directions of the house', () => {
  test('runner and ml never import each other', () => {
    expect(between('src/runner/', 'src/ml/')).toEqual([]);
    expect(between('src/ml/', 'src/runner/')).toEqual([]);
  });

  test('only the command line and the tests know src/cli', () => {
    expect(
      edges
        .filter(({ file, target }) => target.startsWith('src/cli/') && !file.startsWith('src/cli/'))
        .map(shown),
    ).toEqual([]);
  });

  test('src/files and src/stage import neither wing', () => {
    const low = edges.filter(({ file }) => file.startsWith('src/files/') || file.startsWith('src/stage/'));
    expect(low.filter(({ target }) => /^src\/(runner|ml|cli)\//.test(target)).map(shown)).toEqual([]);
  });

  test('a room of src/ml imports only rooms that stand before it', () => {
    const wrong = edges.filter(({ file, target }) => {
      const [from, to] = [roomOf('src/ml/', file), roomOf('src/ml/', target)];
      if (from === undefined || to === undefined || from === to) return false;
      return (
        machineLearning.indexOf(to) > machineLearning.indexOf(from) || (forbidden[from] ?? []).includes(to)
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('every room of src/ml has its place in the order', () => {
    const rooms = new Set(
      edges.map(({ file }) => roomOf('src/ml/', file)).filter((room) => room !== undefined),
    );
    expect([...rooms].filter((room) => !machineLearning.includes(room))).toEqual([]);
  });

  test('only runner/store imports better-sqlite3, only runner/watch chokidar, only ml/runtime an engine', () => {
    expect(importersOf(/^better-sqlite3$/).filter((file) => !file.startsWith('src/runner/store/'))).toEqual(
      [],
    );
    expect(importersOf(/^chokidar$/).filter((file) => !file.startsWith('src/runner/watch/'))).toEqual([]);
    expect(
      importersOf(/^(onnxruntime|@tensorflow)/).filter((file) => !file.startsWith('src/ml/runtime/')),
    ).toEqual([]);
  });

  test('the pure rooms of the runner touch neither files nor processes', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        pureRooms.includes(roomOf('src/runner/', file) ?? '') && shellModules.test(target),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('a pure room of the runner imports no room that acts', () => {
    const acting = [
      'workspace',
      'store',
      'cache',
      'programs',
      'status',
      'executors',
      'schedule',
      'watch',
      'hub',
      'project',
    ];
    const wrong = edges.filter(
      ({ file, target }) =>
        pureRooms.includes(roomOf('src/runner/', file) ?? '') &&
        acting.includes(roomOf('src/runner/', target) ?? ''),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('the vocabulary of the runner imports words, never a room that acts', () => {
    const vocabulary = ['src/runner/event.ts', 'src/runner/diagnostic.ts', 'src/runner/identity.ts'];
    const wrong = edges.filter(
      ({ file, target }) =>
        vocabulary.includes(file) &&
        /^src\/runner\/(workspace|store|cache|programs|status|executors|schedule|watch|report|project)/.test(
          target,
        ),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('no barrels, no default exports', () => {
    const files = sourceFiles(['src', 'stages']);
    expect(files.filter((file) => /(^|\/)(index|utils?|helpers?)\.ts$/.test(file))).toEqual([]);
    expect(files.filter((file) => /^export default/m.test(readFileSync(join(root, file), 'utf8')))).toEqual(
      [],
    );
  });
});

function sourceFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort(),
  );
}

function importsOf(source: string): readonly string[] {
  return [
    ...source.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => match[1] ?? match[2] ?? '');
}

function roomOf(prefix: string, path: string): string | undefined {
  return path.startsWith(prefix) && path.slice(prefix.length).includes('/')
    ? path.slice(prefix.length).split('/')[0]
    : undefined;
}

function between(from: string, to: string): readonly string[] {
  return edges.filter(({ file, target }) => file.startsWith(from) && target.startsWith(to)).map(shown);
}

function importersOf(specifier: RegExp): readonly string[] {
  return edges.filter(({ target }) => specifier.test(target)).map(({ file }) => file);
}

function shown({ file, specifier }: { readonly file: string; readonly specifier: string }): string {
  return `${file} imports ${specifier}`;
}
