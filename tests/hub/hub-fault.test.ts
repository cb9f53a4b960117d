import { expect, test } from 'vitest';
import { type HubProblem, hubFaultText } from '../../src/runner/hub/hub-fault.ts';

const name = { repository: 'google/mt5-base', revision: 'main' };

const texts: readonly (readonly [HubProblem, string])[] = [
  [
    { kind: 'offline-revision' },
    'which commit this is was never written down, and HF_HUB_OFFLINE forbids to ask: run once without HF_HUB_OFFLINE (pipeline.lock then names the commit), or write the commit, 40 hex digits, after the @',
  ],
  [
    { kind: 'offline-files', folder: '/cache/x', damaged: [] },
    'is not in /cache/x, and HF_HUB_OFFLINE forbids to fetch it: run once without HF_HUB_OFFLINE, or copy that folder from a machine that has it',
  ],
  [
    { kind: 'offline-files', folder: '/cache/x', damaged: ['a', 'b'] },
    'a, b in /cache/x are not as they were fetched, and HF_HUB_OFFLINE forbids to fetch: run once without HF_HUB_OFFLINE, or copy that folder from a machine that has it',
  ],
  [
    { kind: 'no-access', status: 403, gated: true, token: true, page: 'https://hub/m' },
    'access is granted on request only (403): accept its conditions at https://hub/m with the account that HF_TOKEN belongs to',
  ],
  [
    { kind: 'unreachable', host: 'hub', reason: 'ENOTFOUND', certificate: false },
    'hub cannot be reached (ENOTFOUND): check the network and HTTPS_PROXY; what has arrived is kept, and the next run goes on from there',
  ],
  [
    { kind: 'no-model', lacks: 'config.json', found: Array.from({ length: 10 }, (_, index) => `f${index}`) },
    'the repository holds no model that can be read: it has no config.json: it holds f0, f1, f2, f3, f4, f5, f6, f7 and 2 more; name a repository or a revision with safetensors or PyTorch weights',
  ],
  [
    { kind: 'disk', problem: { path: '/cache/x', message: 'no space left on the device' }, missing: 2 ** 31 },
    '/cache/x: no space left on the device: 2.0 GiB are still to come: make room, or name another place by HF_HOME; what has arrived is kept, and the next run goes on from there',
  ],
  [
    { kind: 'differs-from-lock', files: ['config.json'] },
    'is not what pipeline.lock says: config.json differs: restore pipeline.lock from version control, or remove the entry from it if the new content is wanted',
  ],
];

test.each(texts)('what happened and what to do: %j', (problem, text) => {
  expect(hubFaultText({ ...name, problem })).toBe(`hf:google/mt5-base@main: ${text}`);
});
