import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from '../rig/rig.ts';

/**
 * Continues from what it finds in its scratch folder, and writes a file, a folder with all that a folder can
 * hold, and metrics.
 */
const prepare = `
S=$(sed -n 's/.*"scratch":"\\([^"]*\\)".*/\\1/p' "$PIPELINE_CONTEXT")
for i in 1 2 3; do [ -e "$S/$i" ] || { sleep 0.01; cat \${deps.data}/rows > "$S/$i.new"; mv "$S/$i.new" "$S/$i"; }; done
mkdir -p \${outs.folder}/sub \${outs.folder}/empty
cat "$S"/1 "$S"/2 > \${outs.folder}/sub/rows
ln -s sub/rows \${outs.folder}/link
cp \${outs.folder}/sub/rows \${outs.folder}/run.sh && chmod +x \${outs.folder}/run.sh
cat "$S"/[1-3] > \${outs.rows}
printf '{"n": %s}' \${params.n} > \${outs.metrics}`;

const stages = (points: readonly number[], scale: number): object => ({
  prepare: {
    matrix: { n: points },
    cmd: prepare,
    params: { n: '${n}' },
    deps: { data: 'data' },
    outs: { rows: 'rows', folder: 'folder', metrics: { path: 'metrics.json', kind: 'metrics' } },
  },
  score: {
    matrix: { from: 'prepare' },
    cmd:
      'cat ${deps.folder}/sub/rows ${deps.rows} > ${outs.scores} && echo ${params.scale} >> ' +
      '${outs.scores}',
    params: { scale },
    deps: { rows: { from: 'prepare', out: 'rows' }, folder: { from: 'prepare', out: 'folder' } },
    outs: { scores: 'scores' },
  },
  // Quick: its bytes depend on the number of points alone, so what follows is often cut off early.
  count: {
    cmd:
      'ls ${deps.all} | wc -l > ${outs.count} && printf half > ${outs.note} && cp ${outs.count} ' +
      '${outs.note}',
    deps: { all: { from: 'prepare', out: 'rows', gather: true } },
    outs: { count: 'count', note: { path: 'notes/count', workspace: true } },
  },
  collate: {
    uses: 'stages/collate.ts',
    deps: { count: { from: 'count', out: 'count' }, scores: { from: 'score', out: 'scores', gather: true } },
    outs: { table: 'table' },
  },
});

const collate = `
import { readFileSync, writeFileSync } from 'node:fs';
import { line } from './part/line.ts';
export const stage = {
  params: { type: 'object' }, deps: ['count', 'scores'], outs: ['table'],
  async run({ deps, gathered, outs }) {
    writeFileSync(outs.table, readFileSync(deps.count, 'utf8') + gathered.scores.map(({ path }) => line(readFileSync(path, 'utf8'))).join(''));
  },
};`;

export interface Step {
  readonly name: string;
  edit(rig: Rig): void;
}

/** What a user does between runs; each step is followed by a run. */
export const script: readonly Step[] = [
  {
    name: 'the first run',
    edit: (rig) =>
      rig.write({
        'data/rows': 'row 1\n',
        'data/note': 'a note\n',
        'stages/collate.ts': collate,
        'stages/part/line.ts': line(' '),
        'pipeline.yaml': { stages: stages([1, 2], 1) },
      }),
  },
  { name: 'data edited', edit: (rig) => rig.write({ 'data/rows': 'row 2\n' }) },
  { name: 'a point added', edit: (rig) => rig.write({ 'pipeline.yaml': { stages: stages([1, 2, 3], 1) } }) },
  { name: 'a param edited', edit: (rig) => rig.write({ 'pipeline.yaml': { stages: stages([1, 2, 3], 2) } }) },
  { name: 'code edited', edit: (rig) => rig.write({ 'stages/part/line.ts': line('; ') }) },
  {
    name: 'outs deleted',
    edit: (rig) => rmSync(join(rig.root, 'artifacts'), { recursive: true, force: true }),
  },
  {
    name: 'edits taken back',
    edit: (rig) =>
      rig.write({
        'data/rows': 'row 1\n',
        'pipeline.yaml': { stages: stages([1, 2], 1) },
        'stages/part/line.ts': line(' '),
      }),
  },
];

const line = (separator: string): string =>
  `export const line = (text) => text.trim().split('\\n').join(${JSON.stringify(separator)}) + '\\n';\n`;

/** One file that leads to another: short, for where every single step is tried. */
export const chain = {
  stages: {
    a: {
      cmd:
        'mkdir -p ${outs.folder}/empty && cat ${deps.data} > ${outs.folder}/rows && cp ' +
        '${deps.data} ${outs.rows}',
      deps: { data: 'data' },
      outs: { folder: 'folder', rows: 'rows' },
    },
    b: {
      cmd: ['cp', '${deps.rows}', '${outs.copy}'],
      deps: { rows: { from: 'a', out: 'rows' } },
      outs: { copy: 'copy' },
    },
  },
};
