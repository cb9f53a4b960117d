import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/json.md'), 'utf8');

/** Whether a section of the page lists a field, or what is in it; the page lists `version` once for all. */
function isDocumented(section: string): (field: string) => boolean {
  const text = page.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const names = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
  return (field) =>
    ['version', ...names].some(
      (name) =>
        patternOf(name).test(field) ||
        /^(\.|\[\])/.test(name.startsWith(field) ? name.slice(field.length) : ''),
    );
}

const patternOf = (name: string): RegExp =>
  new RegExp(`^${name.replace(/[.[\]]/g, '\\$&').replaceAll('*', '[^.]+')}(\\.|\\[\\]|$)`);

/** Every field of a document that holds a value, or an empty list: "instances[].state". */
function fields(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value) && value.length > 0)
    return [...new Set(value.flatMap((item) => fields(item, `${path}[]`)))];
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (members.length === 0) return [path];
  return members.flatMap(([name, member]) => fields(member, path === '' ? name : `${path}.${name}`));
}

async function project(): Promise<Rig> {
  const rig = await createRig();
  rig.write({
    'pipeline.yaml': {
      stages: {
        a: {
          cmd: ['sh', '-c', 'echo \'{"score": 1}\' > "$0"; mkdir "$1"', '${outs.m}', '${outs.model}'],
          params: { rate: 1 },
          outs: { m: { path: 'm.json', kind: 'metrics' }, model: { path: 'model', kind: 'model' } },
        },
        b: { cmd: ['sh', '-c', 'exit 1'], deps: { m: { from: 'a', out: 'm' } }, outs: { o: 'o' } },
      },
    },
  });
  return rig;
}

let rig: Rig;
beforeAll(async () => {
  rig = await project();
  await rig.pipeline('run', '--keep-going').result;
});
afterAll(() => rig[Symbol.asyncDispose]());

test.each<[string, readonly string[]]>([
  ['run', ['run', '--keep-going', '--force']],
  ['run --dry-run', ['run', '--dry-run', '--json']],
  ['status', ['status', '--json']],
  ['explain', ['explain', 'b', '--json']],
  ['graph', ['graph', '--json']],
  ['log', ['log', 'a', '--json']],
  ['history', ['history', '--json']],
  ['metrics', ['metrics', '--json']],
  ['export', ['export', 'csv', 'exported', '--json']],
  ['verify', ['verify', '--json']],
  ['gc', ['gc', '--json']],
  ['doctor', ['doctor', '--json']],
  ['When a command cannot answer', ['status', 'nowhere', '--json']],
])(
  'every field of %s is documented, with the version first, and the document is indented',
  async (section, words) => {
    const { stdout } = await rig.pipeline(...words).result;
    expect(stdout.startsWith('{\n  "version": 1,\n')).toBe(true);
    const isKnown = isDocumented(section);
    expect(fields(JSON.parse(stdout)).filter((field) => !isKnown(field))).toEqual([]);
  },
);

test('every line of the event stream has the version', async () => {
  const { events } = await rig.pipeline('run', '--keep-going', '--force').result;
  expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['started', 'finished']));
  const kinds = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, kind]) => kind);
  for (const event of events) {
    expect(event).toMatchObject({ version: 1 });
    expect(kinds).toContain(event.kind);
  }
});

test('the event stream and stage output are readable by their owner only', async () => {
  rig.write({ 'pipeline.yaml': { stages: { a: { cmd: ['echo', 'a secret'] } } } });
  const run = rig.pipeline('run');
  const { events } = await run.result;
  const logs = events.flatMap((event) => (event.kind === 'output' ? [join(rig.root, event.file)] : []));
  expect(logs).toHaveLength(1);
  for (const file of [run.eventFile, ...logs]) expect(statSync(file).mode & 0o077).toBe(0);
});
