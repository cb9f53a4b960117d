/**
 * The `preinstall` script. npm runs those of all packages before any other install script, so what would fail
 * there after minutes fails here within seconds. It changes nothing, and an installation without it
 * (`--ignore-scripts`) is the same.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { installProblems } from './install-problems.mjs';

const { env, platform, arch, versions } = process;
const problems = await installProblems({
  env,
  platform,
  arch,
  version: versions.node,
  reach,
  has,
  exists: existsSync,
});
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);

function reach(host) {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443, timeout: 5000 });
    const end = (reached) => {
      socket.destroy();
      resolve(reached);
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}

function has(program) {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
