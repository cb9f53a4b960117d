#!/usr/bin/env node
/**
 * What puppet.sh becomes when it has to do more than exit: `puppet.mjs SOCKET NAME`. It says hello on the socket, then
 * obeys orders, a JSON line each, and answers each one when it is done.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [socketPath, name] = process.argv.slice(2);
const socket = connect(socketPath);
const context =
  process.env.PIPELINE_CONTEXT === undefined
    ? {}
    : JSON.parse(readFileSync(process.env.PIPELINE_CONTEXT, 'utf8'));
const tell = (message) => socket.write(`${JSON.stringify(message)}\n`);

const orders = {
  /** Files by path; "out:NAME" or "out:NAME/inside" stands for an out. */
  write({ files }) {
    for (const [path, text] of Object.entries(files)) {
      const place = placeOf(path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
  },
  folder({ path }) {
    mkdirSync(placeOf(path), { recursive: true });
  },
  link({ path, target }) {
    mkdirSync(dirname(placeOf(path)), { recursive: true });
    symlinkSync(target, placeOf(path));
  },
  hardLink({ path, target }) {
    linkSync(target, placeOf(path));
  },
  remove({ path }) {
    rmSync(placeOf(path), { recursive: true });
  },
  pipe({ path }) {
    spawnSync('mkfifo', [placeOf(path)]);
  },
  mode({ path, mode }) {
    chmodSync(placeOf(path), mode);
  },
  print({ text, times = 1 }) {
    for (let i = 0; i < times; i++) writeSync(1, text);
  },
  event({ line }) {
    writeSync(Number(process.env.PIPELINE_EVENTS), `${line}\n`);
  },
  closeOutput() {
    closeSync(1);
    closeSync(2);
  },
  /**
   * A process that outlives this one, holding its stdout; with `session`, in a session of its own. With
   * `termFile` it takes SIGTERM by making that file; that it is ready to is told by another, with ".ready".
   */
  background({ session = false, bare = false, termFile }) {
    const writeEmpty = (file) => `require('fs').writeFileSync(${JSON.stringify(file)}, '');`;
    const script = [
      ...(termFile === undefined
        ? []
        : [`process.on('SIGTERM', () => { ${writeEmpty(termFile)} });`, writeEmpty(`${termFile}.ready`)]),
      'setInterval(() => {}, 1000)',
    ].join('');
    const child = spawn(process.execPath, ['-e', script], {
      detached: session,
      ...(bare ? { env: {} } : {}),
      stdio: ['ignore', 'inherit', 'inherit', 3],
    });
    child.unref();
    return child.pid;
  },
  ignoreTerm() {
    process.on('SIGTERM', () => tell({ said: 'term' }));
  },
  onTermWrite({ files }) {
    process.on('SIGTERM', () => {
      orders.write({ files });
      process.exit(0);
    });
  },
  environment() {
    return { ...process.env };
  },
  parent() {
    return process.ppid;
  },
  read({ path }) {
    return readFileSync(placeOf(path), 'utf8');
  },
  exit({ code }) {
    socket.end(() => process.exit(code));
    return undefined;
  },
  kill({ signal }) {
    process.kill(process.pid, signal);
  },
};

function placeOf(path) {
  const [, out, rest = ''] = /^out:([^/]+)(.*)$/.exec(path) ?? [];
  if (out !== undefined) return context.outs[out] + rest;
  return path.startsWith('scratch:') ? `${context.scratch}/${path.slice(8)}` : path;
}

socket.on('error', () => process.exit(99));
createInterface({ input: socket }).on('line', (line) => {
  const { id, order, ...rest } = JSON.parse(line);
  const answer = orders[order](rest);
  if (order !== 'exit') tell({ id, answer });
});
tell({ hello: name, pid: process.pid, context });
