import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { wandbExporter } from '../../src/tracking/wandb/wandb-exporter.ts';
import type { TrackerRun } from '../../src/tracking/tracker-run.ts';
import { sampleRun } from '../tracking/sample-run.ts';
import { fromPython, hasPackages, python } from './python.ts';
import { startWandbServer } from './wandb-server.ts';

/**
 * wandb has no reader of this format in Python any more: blocks as LevelDB's log has them, then its own
 * messages.
 */
const read = `
import json, struct, sys, zlib
from google.protobuf import json_format
from wandb.proto import wandb_internal_pb2
data = open(sys.argv[1], 'rb').read()
assert data[:7] == b':W&B\\xe1\\xbe\\x00'
position, part, records = 7, b'', []
while position < len(data):
    left = 32768 - position % 32768
    if left < 7:
        position += left
        continue
    checksum, length, kind = struct.unpack('<IHB', data[position:position + 7])
    content = data[position + 7:position + 7 + length]
    assert checksum == zlib.crc32(bytes([kind]) + content)
    assert (kind in (1, 2)) == (part == b'')
    part += content
    position += 7 + length
    if kind in (1, 4):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(part)
        records.append(json_format.MessageToDict(record, preserving_proto_field_name=True))
        part = b''
assert part == b''
print(json.dumps(records))
`;

async function exported(run: TrackerRun): Promise<string> {
  const written = await wandbExporter(mkdtempSync(join(tmpdir(), 'wandb-')), 'medical-qa').write(run);
  if (!written.ok) throw new Error(written.error);
  return written.value[0] ?? '';
}

interface Item {
  readonly key?: string;
  readonly nested_key?: readonly string[];
  readonly value_json: string;
}
const named = (items: readonly Item[]) =>
  Object.fromEntries(items.map((item) => [item.key ?? item.nested_key?.join('.'), item.value_json]));

const long = 'wörter '.repeat(30_000);

test.skipIf(!hasPackages('wandb'))(
  "wandb's own messages contain config, history, summary and a table",
  async () => {
    const records = fromPython(
      read,
      await exported({ ...sampleRun, params: { ...sampleRun.params, long } }),
    ) as readonly {
      readonly num: string;
      readonly [kind: string]: unknown;
    }[];
    expect(records.map(({ num }) => Number(num))).toEqual(records.map((_, index) => index + 1));
    const kinds = records.map((record) => Object.keys(record).find((kind) => kind !== 'num'));
    expect(kinds).toEqual(['header', 'run', 'history', 'history', 'history', 'files', 'summary', 'exit']);
    const of = <T>(kind: string): readonly T[] =>
      records.filter((record) => kind in record).map((record) => record[kind] as T);

    const [run] = of<{ readonly config: { readonly update: readonly Item[] } }>('run');
    expect(run).toMatchObject({
      run_id: sampleRun.id,
      project: 'medical-qa',
      run_group: sampleRun.group,
      display_name: 'train[aimc,lora]',
      start_time: '2027-01-15T08:00:00Z',
    });
    expect(named(run?.config.update ?? [])).toEqual({
      rate: '0.002',
      method: '"lora"',
      nesterov: 'false',
      limit: 'null',
      layers: '"[1,2]"',
      r: '8',
      long: JSON.stringify(long),
    });
    const table = JSON.stringify({
      _type: 'table-file',
      path: 'media/table/eval/answers.table.json',
      sha256: expect.any(String),
      size: expect.any(Number),
      ncols: 7,
      nrows: 2,
    }).slice(0, 60);
    const history = of<{ readonly item: readonly Item[]; readonly step: { readonly num: string } }>(
      'history',
    );
    expect(history.map(({ step }) => step.num)).toEqual(['1', '2', '3']);
    expect(history.map(({ item }) => named(item))).toEqual([
      { loss: '2.5', _step: '1', _timestamp: '1800000001', _runtime: '1' },
      { loss: 'NaN', _step: '2', _timestamp: '1800000002', _runtime: '2' },
      {
        loss: 'Infinity',
        'evaluation loss': '-0.125',
        'eval/answers': expect.stringContaining(table),
        _step: '3',
        _timestamp: '1800000003',
        _runtime: '3',
      },
    ]);
    expect(named(of<{ readonly update: readonly Item[] }>('summary')[0]?.update ?? [])).toMatchObject({
      loss: 'Infinity',
      'evaluation loss': '-0.125',
      'train/steps': '3',
      'eval/f1': '0.25',
      'eval/odd': 'NaN',
      'eval/id': '9007199254740993',
    });
    expect(of('files')).toEqual([{ files: [{ path: 'media/table/eval/answers.table.json' }] }]);
    expect(of('exit')).toEqual([{ runtime: 60 }]);
  },
);

test.skipIf(!hasPackages('wandb'))('wandb sync uploads it: config, history, summary, table', async () => {
  const file = await exported({ ...sampleRun, params: { ...sampleRun.params, long } });
  const server = await startWandbServer();
  try {
    const home = mkdtempSync(join(tmpdir(), 'wandb-home-'));
    await promisify(execFile)(python, ['-m', 'wandb', 'sync', dirname(file)], {
      cwd: home,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        WANDB_BASE_URL: server.url,
        WANDB_API_KEY: 'a'.repeat(40),
        WANDB_ERROR_REPORTING: 'false',
      },
    });
  } finally {
    server.stop();
  }
  const { requests } = server;
  const upserts = requests.filter(({ path, body }) => path === '/graphql' && body.includes('upsertBucket'));
  expect(JSON.parse(upserts[0]?.body ?? '').variables).toMatchObject({
    name: sampleRun.id,
    project: 'medical-qa',
    groupName: sampleRun.group,
    displayName: 'train[aimc,lora]',
  });
  const lines = requests.flatMap(({ path, body }) =>
    path === `/files/me/medical-qa/${sampleRun.id}/file_stream`
      ? ((JSON.parse(body).files?.['wandb-history.jsonl']?.content ?? []) as readonly string[])
      : [],
  );
  expect(lines.map((line) => /"_step":(\d+)/.exec(line)?.[1])).toEqual(['1', '2', '3']);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ loss: 2.5, _timestamp: 1_800_000_001 });
  const uploaded = (name: string): string =>
    requests.findLast(({ path }) => path.endsWith(`/upload/${name}`))?.body ?? '';
  expect(uploaded('config.yaml')).toContain('method:\n    value: lora\n');
  expect(uploaded('wandb-summary.json')).toContain('"eval/f1":0.25');
  expect(JSON.parse(uploaded('media/table/eval/answers.table.json'))).toEqual({
    columns: ['id', 'question', 'reference', 'prediction', 'score', 'isRight', 'odd'],
    data: [
      [7, 'a "b", c', '', 'x\ny', 0.5, true, 1],
      [8, '问题 ✓', 'r', '=1+1', 'NaN', null, 'a'],
    ],
  });
});
