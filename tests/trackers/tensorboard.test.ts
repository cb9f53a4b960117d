import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensorboardExporter } from '../../src/tracking/tensorboard/tensorboard-exporter.ts';
import { sampleRun } from '../tracking/sample-run.ts';
import { fromPython, hasPackages } from './python.ts';

const read = `
import json, sys
from google.protobuf import json_format
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util
events = event_accumulator.EventAccumulator(sys.argv[1])
events.Reload()
number = lambda value: value if value == value and abs(value) != float('inf') else str(value)
scalars = {tag: [[each.step, number(each.value), each.wall_time] for each in events.Scalars(tag)]
  for tag in events.Tags()['scalars']}
texts = {tag: tensor_util.make_ndarray(events.Tensors(tag)[0].tensor_proto).tolist() for tag in events.Tags()['tensors']
  if not tag.startswith('_hparams_')}
plugin = events.PluginTagToContent('hparams')
start = metadata.parse_session_start_info_plugin_data(plugin['_hparams_/session_start_info'])
end = metadata.parse_session_end_info_plugin_data(plugin['_hparams_/session_end_info'])
print(json.dumps({
  'scalars': scalars,
  'texts': {tag: [[cell.decode() for cell in row] for row in rows] for tag, rows in texts.items()},
  'params': json_format.MessageToDict(start)['hparams'],
  'started': start.start_time_secs, 'ended': end.end_time_secs, 'status': end.status,
}))
`;

test.skipIf(!hasPackages('tensorboard'))(
  'the tensorboard package reads scalars by step, params and texts',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
    const written = await tensorboardExporter(folder).write(sampleRun);
    if (!written.ok) throw new Error(written.error);
    const answer = fromPython(read, join(folder, `train-aimc,lora-${sampleRun.id}`));
    expect(answer).toMatchObject({
      scalars: {
        loss: [
          [1, 2.5, 1_800_000_001],
          [2, 'nan', 1_800_000_002],
          [3, 'inf', 1_800_000_060],
        ],
        'evaluation loss': [[3, -0.125, 1_800_000_003]],
        'train/steps': [[3, 3, 1_800_000_060]],
        'eval/f1': [[3, 0.25, 1_800_000_090]],
        'eval/odd': [[3, 'nan', 1_800_000_060]],
      },
      params: sampleRun.params,
      texts: {
        'eval/answers': [
          ['question', 'reference', 'prediction'],
          ['a "b", c', '', 'x\ny'],
          ['问题 ✓', 'r', '=1+1'],
        ],
        'qualitative/samples': sampleRun.samples[0]?.rows,
        model: [
          ['instance', 'train[aimc,lora]'],
          ['key', sampleRun.key],
          ['run', sampleRun.group],
          ['device', sampleRun.device],
        ],
      },
      started: 1_800_000_000,
      ended: 1_800_000_060,
      status: 1,
    });
  },
);
