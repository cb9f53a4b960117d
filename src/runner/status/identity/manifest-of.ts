import { digestOf } from '../../../files/digest.ts';
import type { Platform } from '../../executors/executor.ts';
import type { ExecutorOf } from '../../executors/executors.ts';
import type { Manifest, ProgramDigest } from '../../manifest/manifest.ts';
import type { Instance } from '../../plan/instance.ts';
import { bundlerVersion } from '../../programs/bundle/bundle.ts';
import type { Inputs } from './read-inputs.ts';
import type { ReadProgram } from '../../programs/reads.ts';

/** Raised when the meaning of a field or the canonical form changes. */
const formatVersion = '1';

/** The sources of a manifest besides the instance. */
interface ManifestSources {
  readonly environment: NodeJS.ProcessEnv;
  /** A result is of the platform that computes it, wherever the runner itself runs. */
  readonly executorOf: ExecutorOf;
}

/** Everything that the result of an instance depends on. */
export function manifestOf(
  instance: Instance,
  { digest, native }: ReadProgram,
  inputs: Pick<Inputs, 'digests'>,
  { environment, executorOf }: ManifestSources,
): Manifest {
  return {
    format: `${digest.kind === 'uses' ? `${formatVersion}, esbuild ${bundlerVersion}` : formatVersion}${
      // Differs from the key of a real result even if nothing is made small.
      instance.smoke === undefined ? '' : ', smoke'
    }`,
    program: digest,
    params: instance.params,
    deps: inputs.digests,
    outs: Object.fromEntries(Object.entries(instance.outs).map(([name, { declared }]) => [name, declared])),
    env: Object.fromEntries(
      instance.env.map((name) => {
        const value = environment[name];
        return [name, value === undefined ? null : digestOf(value)];
      }),
    ),
    platform: platformOf(instance, digest, native, executorOf(instance).platform),
  };
}

function platformOf(
  instance: Instance,
  program: ProgramDigest,
  native: boolean,
  { os, arch, node }: Platform,
): Readonly<Record<string, string>> {
  const system = { os, arch };
  if (program.kind === 'command') return system;
  // The class of device changes the last bits of an engine's results, and so does the number of threads:
  // onnxruntime's matrix products split long sums where the columns are spread (MlasGemm doubles its stride
  // over K when it halves N).
  return native
    ? { ...system, node, device: deviceOf(instance), cpus: String(instance.resources.cpus) }
    : { ...system, node };
}

/** The class of device that an instance computes on. */
export const deviceOf = ({ resources }: Instance): 'cpu' | 'cuda' => (resources.gpus > 0 ? 'cuda' : 'cpu');
