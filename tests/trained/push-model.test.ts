import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { modelCard } from '../../stages/train/model-card.ts';
import { openPushableHub, type PushableHub, type PushableHubSettings } from '../hub/pushable-hub.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { evaluation } from '../stages/results.ts';
import { trainedLora } from '../stages/trained-lora.ts';

const weights = 'weights '.repeat(1000);
const card = modelCard(trainedLora);

/** A hub that the commands of the tests find by HF_ENDPOINT. */
async function openHub(settings: PushableHubSettings = {}): Promise<PushableHub> {
  const hub = await openPushableHub(settings);
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  return hub;
}

beforeEach(() => void vi.stubEnv('HF_TOKEN', 'hf_secret'));
afterEach(() => void vi.unstubAllEnvs());

/** A project with a trained model and its evaluation. */
async function trained(): Promise<Rig> {
  const rig = await createRig();
  rig.write({
    'made/README.md': card,
    'made/adapter_config.json': '{}',
    'made/adapter_model.safetensors': weights,
    'scores.json': evaluation({ rougeL: 0.731 }),
    'pipeline.yaml': {
      stages: {
        train: {
          matrix: { dataset: ['aimc'] },
          cmd: ['cp', '-r', '${deps.made}', '${outs.model}'],
          deps: { made: 'made', base: 'scores.json' },
          outs: { model: { path: 'model', kind: 'model' } },
        },
        eval: {
          matrix: { from: 'train' },
          cmd: ['cp', '${deps.scores}', '${outs.metrics}'],
          deps: { scores: 'scores.json', model: { from: 'train', out: 'model' } },
          outs: { metrics: { path: 'metrics.json', kind: 'metrics' } },
        },
      },
    },
  });
  return rig;
}

const words = ['push-model', 'train:aimc', 'hf:me/medical', '--license', 'apache-2.0'];

test('the files are listed, and pushed to a private repository with scores and licence', async () => {
  await using hub = await openHub();
  await using rig = await trained();
  await rig.pipeline('run').result;
  const shown = await rig.pipeline(...words).result;
  expect([shown.code, hub.requests.map(({ method }) => method)]).toEqual([2, ['GET']]);
  expect(shown.stderr).toMatch(
    /^train\[aimc\] to hf:me\/medical \(new, private\), licence apache-2\.0, base scores\.json:\n {2}README\.md .*\n {2}adapter_config\.json .*\n {2}adapter_model\.safetensors .*\nerror: nothing was pushed: confirm with `--yes`\n$/,
  );

  const { code, stdout, stderr } = await rig.pipeline(...words, '--yes').result;
  expect([code, stdout]).toEqual([0, `pushed train[aimc] to ${hub.endpoint}/me/medical/commit/c\n`]);
  expect(stdout + stderr).not.toContain('hf_secret');
  const sent = hub.requests.slice(1);
  expect(
    sent.filter(({ path }) => !path.startsWith('/store/')).every(({ token }) => token === 'Bearer hf_secret'),
  ).toBe(true);
  const created = sent.find(({ path }) => path === '/api/repos/create');
  expect(JSON.parse(created?.body ?? '')).toMatchObject({
    name: 'medical',
    organization: 'me',
    visibility: 'private',
  });

  const stored = sent.filter(({ path }) => path.startsWith('/store/'));
  expect(stored.map(({ path, body }) => [path, body])).toEqual([
    [`/store/${createHash('sha256').update(weights).digest('hex')}`, weights],
  ]);
  const lines = (sent.find(({ path }) => path.endsWith('/commit/main'))?.body ?? '').trim().split('\n');
  const operations = lines.map((line): { key: string; value: Record<string, string> } => JSON.parse(line));
  expect(operations.map(({ key, value }) => [key, value['path'] ?? value['summary']])).toEqual([
    ['header', 'Add train[aimc]'],
    ['file', 'README.md'],
    ['file', 'adapter_config.json'],
    ['lfsFile', 'adapter_model.safetensors'],
  ]);
  const pushed = Buffer.from(operations[1]?.value['content'] ?? '', 'base64').toString();
  expect(parse(/^---\n(.*?)\n---\n/s.exec(pushed)?.[1] ?? '')).toMatchObject({
    license: 'apache-2.0',
    base_model: 'google/mt5-base',
    'model-index': [{ name: 'medical', results: [{ dataset: { name: 'the test rows of aimc' } }] }],
  });
  expect(pushed).toContain('| ROUGE-L | 0.731 | 0.400 to 0.600 |');
  expect(rig.read('artifacts/pipeline/train/aimc/model/README.md')).toBe(card);
});

test('an existing repository keeps its visibility: a public one must be confirmed', async () => {
  await using rig = await trained();
  await rig.pipeline('run').result;
  {
    await using hub = await openHub({ existing: 'public' });
    const refused = await rig.pipeline(...words, '--yes').result;
    expect([refused.code, refused.stderr]).toEqual([
      2,
      'error: me/medical is public: confirm with `--public`, or make the repository private first\n',
    ]);
    expect(hub.requests).toHaveLength(1);
    const { code, stdout } = await rig.pipeline(...words, '--yes', '--public', '--json').result;
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { instance: 'train[aimc]', repository: 'me/medical', url: `${hub.endpoint}/me/medical/commit/c` },
    ]);
  }
  await using hub = await openHub({ existing: 'private' });
  expect((await rig.pipeline(...words, '--yes').result).stderr).toContain('hf:me/medical (private)');
  expect(hub.requests.at(-1)?.path).toBe('/api/models/me/medical/commit/main');
});

test('nothing is sent without a token, a licence, an up-to-date model, or a name', async () => {
  await using hub = await openHub();
  await using rig = await trained();
  const refused = async (...more: readonly string[]): Promise<string> => {
    const { code, stderr } = await rig.pipeline(...more).result;
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused(...words, '--yes')).toContain('create it with `pipeline run train:aimc`');
  await rig.pipeline('run').result;
  expect(await refused('push-model', 'train:aimc', 'me/medical', '--yes')).toContain('names no licence');
  expect(await refused('push-model', 'train:aimc', 'medical', '--yes')).toContain('expected hf:owner/name');
  expect(await refused(...words, '--as', 'train', '--yes')).toContain('expected one of eval:aimc');
  vi.stubEnv('HF_TOKEN', '');
  expect(await refused(...words, '--yes')).toContain('set HF_TOKEN');
  const shown = await rig.pipeline(...words, '--dry-run').result;
  expect([shown.code, shown.stdout.split('\n')[0], shown.stderr]).toEqual([
    0,
    'train[aimc] to hf:me/medical, licence apache-2.0, base scores.json:',
    '',
  ]);
  vi.stubEnv('HF_TOKEN', 'hf_secret');
  rig.write({ 'made/adapter_config.json': '{"r": 1}' });
  expect(await refused(...words, '--yes')).toContain('train[aimc] is out of date');
  expect(hub.requests).toEqual([]);
});

test('does not push to a repository that exists and cannot be read', async () => {
  await using hub = await openHub({ isHidden: true });
  await using rig = await trained();
  await rig.pipeline('run').result;
  const { code, stderr } = await rig.pipeline(...words, '--yes').result;
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    `error: ${new URL(hub.endpoint).host} answered with status 409 (You already created this ` +
      'model repo); nothing was pushed',
  ]);
  expect(hub.requests.at(-1)?.path).toBe('/api/repos/create');
});

test('a refusal of the hub is reported in its words', async () => {
  await using hub = await openHub();
  await using rig = await trained();
  await rig.pipeline('run').result;
  vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/other`);
  const { code, stderr } = await rig.pipeline(...words, '--yes').result;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^error: .* answered with status 500 \(unexpected \/other/),
  ]);
});
