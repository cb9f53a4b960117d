import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bindingPath } from '../../src/ml/runtime/tensorflow/binding.ts';

/** What happens in place of a run of the graph. */
export interface Fault {
  /** Counts from 1. */
  readonly run: number;
  /** What the binding throws; `abort`: what TensorFlow prints before it ends the process. */
  readonly throws?: string;
  readonly abort?: string;
}

/** TensorFlow in the cache of a user, which fails as is asked. */
export interface FailingEngine {
  /** From now on; undefined: no more. */
  fail(fault: Fault | undefined): void;
  /** How many graphs the last process has run. */
  runs(): number;
}

/**
 * Installs TensorFlow as `pipeline setup tensorflow --gpu` does, below a cache folder: the library in `real`
 * computes, on the CPU, and says that it is a GPU unless `hasGpu` is false. Node loads the file that a link
 * leads to, so a binding can be written in JavaScript.
 */
export function installFailingEngine(cache: string, real: string, hasGpu: boolean): FailingEngine {
  const engines = join(cache, 'medical-qa-pipeline/engines/tensorflow');
  const binding = join(engines, 'failing', bindingPath);
  mkdirSync(join(binding, '..'), { recursive: true });
  const [faultFile, countFile, program] = ['fault.json', 'runs', 'binding.cjs'].map((name) =>
    join(cache, name),
  );
  if (faultFile === undefined || countFile === undefined || program === undefined)
    throw new Error('no names');
  writeFileSync(
    program,
    `
const { existsSync, readFileSync, writeFileSync, writeSync } = require('node:fs');
const real = require(${JSON.stringify(join(real, bindingPath))});
const fault = existsSync(${JSON.stringify(faultFile)}) ? JSON.parse(readFileSync(${JSON.stringify(faultFile)}, 'utf8')) : {};
let runs = 0;
module.exports = {
  TF_Version: real.TF_Version,
  isUsingGpuDevice: () => ${String(hasGpu)},
  runSavedModel(...words) {
    writeFileSync(${JSON.stringify(countFile)}, String(++runs));
    if (runs === fault.run && fault.throws !== undefined) throw new Error(fault.throws);
    if (runs === fault.run) { writeSync(2, fault.abort); process.kill(process.pid, 'SIGABRT'); }
    return real.runSavedModel(...words);
  },
};
for (const name of ['createTensor', 'deleteTensor', 'tensorDataSync', 'loadSavedModel', 'deleteSavedModel'])
  module.exports[name] = (...words) => real[name](...words);
`,
  );
  symlinkSync(program, binding);
  const digest = createHash('sha256').update(readFileSync(program)).digest('hex');
  writeFileSync(
    join(engines, 'installed.json'),
    JSON.stringify({
      version: 'TensorFlow 2.21.0 (gpu)',
      gpu: true,
      folder: 'failing',
      files: { [bindingPath]: { digest, size: statSync(program).size } },
    }),
  );
  return {
    fail: (fault) =>
      fault === undefined
        ? rmSync(faultFile, { force: true })
        : writeFileSync(faultFile, JSON.stringify(fault)),
    runs: () => (existsSync(countFile) ? Number(readFileSync(countFile, 'utf8')) : 0),
  };
}
