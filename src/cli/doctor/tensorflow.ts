import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  damagedFile,
  engineFolder,
  type InstalledEngine,
  readInstalled,
} from '../../files/installed-engine.ts';
import { readNvidiaDriver } from '../../files/nvidia-driver.ts';
import type { Result } from '../../result.ts';
import type { Tried } from '../setup/try-in-child.ts';
import type { Finding } from './finding.ts';

/** The findings about TensorFlow and GPUs, before they are worded. */
export interface TensorflowInspection {
  readonly installed: Result<InstalledEngine | undefined>;
  /** A file that is missing or has another size. */
  readonly damaged: string | undefined;
  /** Whether it computes; undefined: it was not tried. */
  readonly tried: Result<Tried> | undefined;
  /** Whether NVIDIA's CUDA libraries lie beside it. */
  readonly hasCuda: boolean;
  /** The driver's own message; undefined: there is no driver. */
  readonly driver: string | undefined;
  /** "/dev/nvidia0", … */
  readonly devices: readonly string[];
}

/**
 * Checks files and tries the engine; TensorFlow's own messages are not used: they name wrong causes.
 */
export async function inspectTensorflow(environment: NodeJS.ProcessEnv): Promise<TensorflowInspection> {
  const folder = engineFolder('tensorflow', environment, homedir());
  const installed = readInstalled(folder);
  const engine = installed.ok ? installed.value : undefined;
  const damaged = engine && damagedFile(folder, engine);
  const place = engine && join(folder, engine.folder);
  const { tryInChild } = await import('../setup/try-in-child.ts');
  const tried =
    engine === undefined || place === undefined || damaged !== undefined
      ? undefined
      : await tryInChild(place, engine.gpu ? 'cuda' : 'cpu');
  const { version, devices } = readNvidiaDriver();
  return {
    installed,
    damaged,
    tried,
    hasCuda: place !== undefined && existsSync(join(place, 'deps/nvidia')),
    driver: version,
    devices,
  };
}

/** Whether TensorFlow computes here, and whether it can use a GPU. */
export function tensorflowFindings(inspection: TensorflowInspection): readonly Finding[] {
  return [engineFinding(inspection), gpuFinding(inspection)];
}

function engineFinding({ installed, damaged, tried }: TensorflowInspection): Finding {
  const part = 'tensorflow';
  const help = 'npx pipeline setup tensorflow';
  if (!installed.ok) return { part, state: 'broken', message: installed.error, help };
  if (installed.value === undefined)
    return {
      part,
      state: 'good',
      message: `not installed: \`${help}\` adds the engine of \`runtime: tensorflow\``,
    };
  const { version } = installed.value;
  const again = setupOf(installed.value);
  if (damaged !== undefined)
    return {
      part,
      state: 'broken',
      message: `${version}: ${damaged} is missing or was changed`,
      help: again,
    };
  if (tried?.ok === false)
    return { part, state: 'broken', message: `${version} does not work: ${tried.error}`, help: again };
  return { part, state: 'good', message: `${version} computes on ${tried?.value.device ?? 'cpu'}` };
}

/** The command that installs the same kind of library once more. */
export const setupOf = ({ gpu }: InstalledEngine): string =>
  `npx pipeline setup tensorflow${gpu ? ' --gpu' : ''}`;

function gpuFinding({ installed, tried, hasCuda, driver, devices }: TensorflowInspection): Finding {
  const part = 'GPU';
  if (driver === undefined)
    return { part, state: 'good', message: 'no NVIDIA driver: stages compute on the CPU' };
  if (devices.length === 0)
    return {
      part,
      state: 'warning',
      message: `NVIDIA driver ${driver}, but there is no device file /dev/nvidia0`,
      help: 'in a container: start it with `--gpus all`; on the machine itself: `nvidia-modprobe`',
    };
  const found = `${devices.join(', ')}, driver ${driver}`;
  const engine = installed.ok ? installed.value : undefined;
  if (engine === undefined || !engine.gpu)
    return {
      part,
      state: 'warning',
      message: `${found}, not used: the TensorFlow library for GPUs is not installed`,
      help: 'npx pipeline setup tensorflow --gpu',
    };
  if (tried?.ok === true && tried.value.device !== 'cpu')
    return { part, state: 'good', message: `${found}: ${engine.version} computes on it` };
  return {
    part,
    state: 'broken',
    message: `${found}, but ${engine.version} cannot use it`,
    help:
      tried?.ok === false
        ? setupOf(engine)
        : hasCuda
          ? 'the driver must support CUDA 12.5 or newer (see `nvidia-smi`)'
          : 'its CUDA libraries are missing: `npx pipeline setup tensorflow --gpu` installs those of ' +
            '2.21.0; for 2.9.1 install CUDA 11.2 and cuDNN 8.1 yourself',
  };
}
