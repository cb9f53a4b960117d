import { expect, test } from 'vitest';
import { type HubProblem, hubFaultText } from '../../src/runner/hub/hub-fault.ts';

const name = { repository: 'google/mt5-base', revision: 'main' };

const texts: readonly (readonly [HubProblem, string])[] = [
  [
    { kind: 'offline-revision' },
    'the commit of this revision is unknown, and HF_HUB_OFFLINE is set: run once without ' +
      'HF_HUB_OFFLINE (pipeline.lock then names the commit), or write the commit, 40 hex digits, ' +
      'after the @',
  ],
  [
    { kind: 'offline-files', folder: '/cache/x', damaged: [] },
    'is not in /cache/x, and HF_HUB_OFFLINE is set: run once without HF_HUB_OFFLINE, or copy ' +
      'that folder from a machine that has it',
  ],
  [
    { kind: 'offline-files', folder: '/cache/x', damaged: ['a', 'b'] },
    'a, b in /cache/x changed since the download, and HF_HUB_OFFLINE is set: run once without ' +
      'HF_HUB_OFFLINE, or copy that folder from a machine that has it',
  ],
  [
    { kind: 'no-access', status: 403, gated: true, token: true, page: 'https://hub/m' },
    'this repository is gated (403): accept its conditions at https://hub/m with the account that ' +
      'HF_TOKEN belongs to',
  ],
  [
    { kind: 'unreachable', host: 'hub', reason: 'ENOTFOUND', certificate: false },
    'hub cannot be reached (ENOTFOUND): check the network and HTTPS_PROXY; downloaded files are ' +
      'kept, and the next run resumes the download',
  ],
  [
    {
      kind: 'no-model',
      missing: 'config.json',
      found: Array.from({ length: 10 }, (_, index) => `f${index}`),
    },
    'the repository has no supported model: config.json is missing: it has f0, f1, f2, f3, f4, ' +
      'f5, f6, f7 and 2 more; name a repository or a revision with safetensors or PyTorch weights',
  ],
  [
    { kind: 'no-data', path: 'data', found: ['README.md'] },
    'the data set has no file or folder "data": it has README.md',
  ],
  [
    { kind: 'disk', problem: { path: '/cache/x', message: 'no space left on the device' }, missing: 2 ** 31 },
    '/cache/x: no space left on the device: 2.0 GiB are missing: free some space, or name ' +
      'another folder in HF_HOME; downloaded files are kept, and the next run resumes the download',
  ],
  [
    { kind: 'differs-from-lock', files: ['config.json'] },
    'does not match pipeline.lock: config.json differs: restore pipeline.lock from version ' +
      'control, or remove the entry to accept the new content',
  ],
];

test.each(texts)('the message says what happened and what to do: %j', (problem, text) => {
  expect(hubFaultText({ ...name, problem })).toBe(`hf:google/mt5-base@main: ${text}`);
});
