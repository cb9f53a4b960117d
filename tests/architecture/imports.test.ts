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
  'memory',
  'metrics',
  'evaluate',
];

/** What a room of src/ml may not import though it stands before it. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  generate: ['autodiff'],
  metrics: ['checkpoint', 'tensor', 'autodiff', 'model', 'runtime', 'generate', 'train', 'memory'],
  evaluate: ['autodiff', 'train', 'memory'],
  tensor: ['text', 'dataset', 'checkpoint'],
};

/**
 * The rooms of src/runner in order: each may import only what stands before it, types included. The files at
 * its root are the vocabulary, each in its place, and the front door.
 */
const runner = [
  'identity.ts',
  'diagnostic.ts',
  'wording',
  'manifest',
  'event.ts',
  'pipeline-file',
  'plan',
  'answers',
  'run-request.ts',
  'report',
  'workspace',
  'store',
  'hub',
  'cache',
  'executors',
  'programs',
  'status',
  'schedule',
  'project',
  'watch',
  'project.ts',
];

/** What the command line may know of the runner: the front door and its vocabulary, and what makes text. */
const frontDoor =
  /^src\/runner\/((project|event|run-request|diagnostic|identity)\.ts$|(answers|project|report|wording)\/)/;

/** Parts of the command line that look at what the runner stands on. */
const beyondTheDoor: Readonly<Record<string, RegExp>> = {
  // Whether its disk, its database and its bundler work here.
  'src/cli/doctor/': /^src\/runner\/(workspace|store|programs)\//,
  // What stands where a project is to be.
  'src/cli/init/': /^src\/runner\/workspace\//,
  // The shapes that read a pipeline file print its schema.
  'src/cli/commands/schema.ts': /^src\/runner\/pipeline-file\//,
};

/**
 * What of src/runner/executors may be known outside: the port and what does not depend on how a job is run.
 */
const executorPort =
  /^src\/runner\/executors\/(executors?|environment|output-file|parse-message|describe-bundles|ask-bundles|commit-state|helper-programs|process-identity)\.ts$/;

/** Rooms of src/runner that are pure: no file, process, clock or database. */
const pureRooms = ['pipeline-file', 'plan', 'manifest', 'report', 'wording'];
const shellModules = /^node:(fs|child_process|net|http|https|worker_threads|os|process|timers)(\/|$)/;

describe('the allowed import directions', () => {
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

  test('the command line reaches the runner by its project, its reports and its wording', () => {
    const front = /^src\/runner\/(project\.ts$|project\/|report\/|wording\/)/;
    const wrong = edges.filter(
      ({ file, target }) =>
        file.startsWith('src/cli/') && target.startsWith('src/runner/') && !front.test(target),
    );
    // `pipeline schema` prints what the shapes of the pipeline file say; no project is asked.
    expect(wrong.map(shown)).toEqual([
      'src/cli/commands/schema.ts imports ../../runner/pipeline-file/shapes/pipeline-schema.ts',
    ]);
  });

  test('only the command line imports modules above src/runner/project.ts', () => {
    const above = /^src\/(tracking|trained)\//;
    const wrong = edges.filter(
      ({ file, target }) =>
        (above.test(target) && !above.test(file) && !file.startsWith('src/cli/')) ||
        (above.test(file) && target.startsWith('src/runner/') && !frontDoor.test(target)),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('src/files and src/stage import neither src/runner nor src/ml', () => {
    const low = edges.filter(({ file }) => file.startsWith('src/files/') || file.startsWith('src/stage/'));
    expect(low.filter(({ target }) => /^src\/(runner|ml|cli)\//.test(target)).map(shown)).toEqual([]);
  });

  test('src/network imports nothing of the project but Result, and only it imports undici', () => {
    const ofNetwork = edges.filter(({ file }) => file.startsWith('src/network/'));
    const wrong = ofNetwork.filter(
      ({ target }) =>
        /^(src|stages)\//.test(target) && !target.startsWith('src/network/') && target !== 'src/result.ts',
    );
    expect(wrong.map(shown)).toEqual([]);
    expect(importersOf(/^undici$/).filter((file) => !file.startsWith('src/network/'))).toEqual([]);
  });

  test('no stage program and nothing that computes knows the network', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        target.startsWith('src/network/') && !/^src\/(network|runner|tracking|trained)\//.test(file),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('a folder of src/ml imports only folders that come before it', () => {
    const wrong = edges.filter(({ file, target }) => {
      const [from, to] = [roomOf('src/ml/', file), roomOf('src/ml/', target)];
      if (from === undefined || to === undefined || from === to) return false;
      return (
        machineLearning.indexOf(to) > machineLearning.indexOf(from) || (forbidden[from] ?? []).includes(to)
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('every folder of src/ml has its place in the order', () => {
    const rooms = new Set(
      edges.map(({ file }) => roomOf('src/ml/', file)).filter((room) => room !== undefined),
    );
    expect([...rooms].filter((room) => !machineLearning.includes(room))).toEqual([]);
  });

  test('only store imports better-sqlite3, only watch chokidar, only ml/runtime an engine', () => {
    expect(importersOf(/^better-sqlite3$/).filter((file) => !file.startsWith('src/runner/store/'))).toEqual(
      [],
    );
    expect(importersOf(/^chokidar$/).filter((file) => !file.startsWith('src/runner/watch/'))).toEqual([]);
    expect(
      importersOf(/^(onnxruntime|@tensorflow)/).filter((file) => !file.startsWith('src/ml/runtime/')),
    ).toEqual([]);
  });

  test('the pure folders of the runner touch neither files nor processes', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        pureRooms.includes(roomOf('src/runner/', file) ?? '') && shellModules.test(target),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('a pure folder of the runner imports no folder with side effects', () => {
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

  test('a folder of the runner imports only folders that come before it, types included', () => {
    const wrong = edges.filter(({ file, target }) => {
      const [from, to] = [placeIn('src/runner/', file), placeIn('src/runner/', target)];
      return from !== undefined && to !== undefined && runner.indexOf(to) > runner.indexOf(from);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('every folder of the runner, and every file at its root, has its place in the order', () => {
    const places = sourceFiles(['src/runner']).map((file) => placeIn('src/runner/', file) ?? '');
    expect([...new Set(places)].filter((place) => !runner.includes(place))).toEqual([]);
  });

  test('no file imports itself, directly or through others, types included', () => {
    expect(cycles()).toEqual([]);
  });

  test('the command line imports only the project, reports and wording of the runner', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        file.startsWith('src/cli/') &&
        target.startsWith('src/runner/') &&
        !frontDoor.test(target) &&
        !Object.entries(beyondTheDoor).some(([part, known]) => file.startsWith(part) && known.test(target)),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('only executors know how a job runs: processes, the supervisor, the path of Node', () => {
    const outside = sourceFiles(['src/runner']).filter((file) => !file.startsWith('src/runner/executors/'));
    const names = /process\.(execPath|pid|kill)\b|child_process|supervisor|'execa'/i;
    // The holder of the lock says who it is; a program of the user's tells the credentials of a bucket.
    const naming = outside.filter((file) => names.test(readFileSync(join(root, file), 'utf8')));
    expect(naming).toEqual(['src/runner/cache/remote/s3/credential-process.ts', 'src/runner/store/lock.ts']);
    const inside = edges.filter(
      ({ file, target }) =>
        outside.includes(file) && target.startsWith('src/runner/executors/') && !executorPort.test(target),
    );
    // Where this machine is chosen for an executor, and where what it left behind is counted.
    expect(inside.map(({ file }) => file)).toEqual([
      'src/runner/project/open-rows.ts',
      'src/runner/project/project-health.ts',
    ]);
  });

  test('only the cache knows entries and objects', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        !file.startsWith('src/runner/cache/') &&
        (target === 'src/runner/store/entries.ts' ||
          /^src\/runner\/cache\/(objects|restore-out|local-source|source-objects|bring-here)\.ts$/.test(
            target,
          )),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('the shared types of the runner import no folder with side effects', () => {
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

  test('only the ui commands load the local page; it imports only the project and scores', () => {
    const ofPage = edges.filter(({ file }) => file.startsWith('src/ui/'));
    const wrong = ofPage.filter(
      ({ target }) =>
        (target.startsWith('src/runner/') && !frontDoor.test(target)) ||
        (target.startsWith('src/ml/') && !target.startsWith('src/ml/metrics/')) ||
        /^(src\/cli|stages)\//.test(target),
    );
    expect(wrong.map(shown)).toEqual([]);
    const outside = edges.filter(
      ({ file, target }) => target.startsWith('src/ui/') && !file.startsWith('src/ui/'),
    );
    expect(outside.map(shown)).toEqual([
      'src/cli/commands/report.ts imports ../../ui/server/project-report.ts',
      'src/cli/commands/ui.ts imports ../../ui/server/serve-page.ts',
    ]);
  });

  test('pages of results import no project: stage programs and browsers have none', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        file.startsWith('src/pages/') && /^(src\/(ui|runner|cli|stage)|stages)\//.test(target),
    );
    expect(wrong.map(shown)).toEqual([
      'src/pages/result-answers.ts imports ../stage/context.ts',
      'src/pages/results/model-answer.ts imports ../../stage/context.ts',
    ]);
  });

  test('browser code of the page touches no file and no process', () => {
    const wrong = edges.filter(
      ({ file, target }) =>
        file.startsWith('src/ui/page/') &&
        (target.startsWith('node:') || target.startsWith('src/ui/server/')),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('there are no barrels and no default exports', () => {
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
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
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

/** A room, or the name of a file that lies in none. */
const placeIn = (prefix: string, path: string): string | undefined =>
  path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0] : undefined;

/** Files that import each other, by Tarjan's algorithm: each list is one knot. */
function cycles(): readonly (readonly string[])[] {
  const importsIn = new Map<string, string[]>();
  for (const { file, target } of edges) importsIn.set(file, [...(importsIn.get(file) ?? []), target]);
  const order = new Map<string, number>();
  const open: string[] = [];
  const knots: (readonly string[])[] = [];
  function visit(file: string): number {
    const number = order.size;
    order.set(file, number);
    let low = number;
    open.push(file);
    for (const target of importsIn.get(file) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === number) {
      const knot = open.splice(open.indexOf(file));
      if (knot.length > 1 || (importsIn.get(file) ?? []).includes(file)) knots.push(knot.sort());
    }
    return low;
  }
  for (const file of importsIn.keys()) if (!order.has(file)) visit(file);
  return knots;
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
