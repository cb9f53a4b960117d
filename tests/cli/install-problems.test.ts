import { describe, expect, test } from 'vitest';
import { type InstallFacts, installProblems } from '../../scripts/install-problems.mjs';

/** A Linux machine with a compiler that reaches no server but the registry. */
const offline: InstallFacts = {
  env: { HOME: '/home/me', npm_config_nodedir: '/usr' },
  platform: 'linux',
  arch: 'x64',
  version: '20.20.2',
  reach: () => Promise.resolve(false),
  has: () => true,
  exists: (path) => path === '/usr/include/node/node.h',
};

const problems = (facts: Partial<InstallFacts>): Promise<readonly string[]> =>
  installProblems({ ...offline, ...facts });

describe('the checks before installation', () => {
  test('CUDA libraries that cannot be downloaded can be skipped with the printed command', async () => {
    expect(await problems({})).toEqual([expect.stringMatching(/ONNXRUNTIME_NODE_INSTALL=skip npm install$/)]);
    for (const variable of ['ONNXRUNTIME_NODE_INSTALL', 'npm_config_onnxruntime_node_install'])
      expect(await problems({ env: { ...offline.env, [variable]: 'skip' } })).toEqual([]);
    for (const other of [{ arch: 'arm64' }, { platform: 'darwin' }])
      expect(await problems(other)).toEqual([]);
    expect(await problems({ reach: (host) => Promise.resolve(host === 'api.nuget.org') })).toEqual([]);
  });

  test('where SQLite can be neither downloaded nor compiled, the missing tools are named', async () => {
    const env = { ...offline.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
    const lacking = (...names: readonly string[]) => problems({ env, has: (name) => !names.includes(name) });
    expect(await lacking()).toEqual([]);
    expect(await lacking('make', 'gmake')).toEqual([
      expect.stringMatching(/without make\. .*apt-get install/),
    ]);
    expect(await lacking('python3', 'g++', 'c++', 'clang++')).toEqual([
      expect.stringContaining('without python3 and a C++ compiler'),
    ]);
    expect(await problems({ env, exists: () => false })).toEqual([expect.stringContaining('--nodedir=/usr')]);
    const cached = '/home/me/.cache/node-gyp/20.20.2/include/node/node.h';
    expect(await problems({ env, exists: (path) => path === cached })).toEqual([]);
  });

  test('installation continues where it can download, or has a proxy or mirror', async () => {
    const env = { ONNXRUNTIME_NODE_INSTALL: 'skip' };
    const bare: Partial<InstallFacts> = { has: () => false, exists: () => false };
    expect(await problems({ ...bare, env })).toHaveLength(1);
    expect(await problems({ ...bare, env, reach: (host) => Promise.resolve(host === 'github.com') })).toEqual(
      [],
    );
    for (const variable of ['HTTPS_PROXY', 'npm_config_https_proxy', 'npm_config_better_sqlite3_binary_host'])
      expect(await problems({ ...bare, env: { ...env, [variable]: 'http://127.0.0.1:1' } })).toEqual([]);
  });
});
