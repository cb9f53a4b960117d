/**
 * Reasons why the install script of a dependency would fail, after minutes in which npm prints nothing: one
 * line for each, with what to do. `reach(host)`: whether a server can be reached; `has(name)`: whether PATH
 * has a program; `exists(path)`: whether a file exists.
 */
export async function installProblems({ env, platform, arch, version, reach, has, exists }) {
  return [
    ...(await cudaProblem({ env, platform, arch, reach })),
    ...(await sqliteProblem({ env, version, reach, has, exists })),
  ];
}

/** onnxruntime-node 1.30 downloads its CUDA libraries on this platform alone, unless that is disabled. */
async function cudaProblem({ env, platform, arch, reach }) {
  const isSet = ['ONNXRUNTIME_NODE_INSTALL', 'ONNXRUNTIME_NODE_INSTALL_CUDA'].some(
    (name) => env[name] !== undefined || env[`npm_config_${name.toLowerCase()}`] !== undefined,
  );
  if (isSet || platform !== 'linux' || arch !== 'x64') return [];
  if (env['GLOBAL_AGENT_HTTPS_PROXY'] !== undefined || env['GLOBAL_AGENT_HTTP_PROXY'] !== undefined)
    return [];
  return (await reach('api.nuget.org'))
    ? []
    : [
        'onnxruntime-node would download CUDA libraries from api.nuget.org, which cannot be reached. ' +
          'Install without them (the CPU needs none): ONNXRUNTIME_NODE_INSTALL=skip npm install',
      ];
}

/** better-sqlite3 downloads its native part from GitHub, or compiles it with node-gyp. */
async function sqliteProblem({ env, version, reach, has, exists }) {
  const proxied = ['https_proxy', 'HTTPS_PROXY', 'npm_config_https_proxy', 'npm_config_proxy'].some(
    (name) => env[name] !== undefined,
  );
  const mirrored = Object.keys(env).some((name) =>
    /^npm_config_better_sqlite3_(local_prebuilds|binary_)/.test(name),
  );
  if (proxied || mirrored || (await reach('github.com'))) return [];
  const compiler = has('g++') || has('c++') || has('clang++') || env['CXX'] !== undefined;
  const missing = [
    ...(has('python3') || env['npm_config_python'] !== undefined ? [] : ['python3']),
    ...(has('make') || has('gmake') ? [] : ['make']),
    ...(compiler ? [] : ['a C++ compiler']),
  ];
  if (missing.length > 0)
    return [
      'better-sqlite3 can neither download its native part from github.com nor compile it ' +
        `without ${missing.join(' and ')}. On Debian and Ubuntu: apt-get install python3 make g++`,
    ];
  const downloads = env['npm_config_devdir'] ?? `${env['HOME'] ?? ''}/.cache/node-gyp`;
  const cached = `${downloads}/${version}/include/node/node.h`;
  const local = `${env['npm_config_nodedir'] ?? ''}/include/node/node.h`;
  return exists(local) || exists(cached) || (await reach('nodejs.org'))
    ? []
    : [
        'better-sqlite3 can neither download its native part from github.com nor compile it without the ' +
          'headers of Node, which nodejs.org serves. Where they are installed, name their folder: ' +
          'npm install --nodedir=/usr',
      ];
}
