import type { Finding } from './finding.ts';
import { packageManager } from './package-manager.ts';

/** A package with a native part: `load` loads it, makes it compute something, and returns its description. */
export interface NativeModule {
  readonly name: string;
  /** What does not work without it. */
  readonly purpose: string;
  readonly load: () => Promise<string>;
  /** What to do where its native part is not there: how it gets there differs. */
  readonly repair: string;
}

/** Whether a native module works here, and if not, which of the usual reasons it has. */
export async function nativeFinding({ name, purpose, load, repair }: NativeModule): Promise<Finding> {
  try {
    return { part: name, state: 'good', message: await load() };
  } catch (error) {
    const { message, help } = diagnosis(
      name,
      repair,
      error instanceof Error ? error : new Error(String(error)),
    );
    return { part: name, state: 'broken', message: `${message}; without it, ${purpose}`, help };
  }
}

function diagnosis(
  name: string,
  repair: string,
  error: Error,
): { readonly message: string; readonly help: string } {
  const [line = ''] = error.message.split('\n');
  if (/NODE_MODULE_VERSION|compiled against a different Node/.test(error.message))
    return {
      message: `it was built for another version of Node than ${process.versions.node}`,
      help: packageManager.rebuild(name),
    };
  // A package is found by its name, its native module as a file.
  if ('code' in error && String(error.code).endsWith('MODULE_NOT_FOUND'))
    return /\.node'/.test(line)
      ? { message: 'its native module is missing', help: repair }
      : { message: 'it is not installed', help: packageManager.install };
  if (/GLIBC|musl|ld-linux/.test(error.message))
    return {
      message: `it is incompatible with this system's C library: ${line}`,
      help: 'use a Linux with glibc 2.28 or newer (Debian 10, Ubuntu 20.04 and later; not Alpine)',
    };
  return { message: line, help: repair };
}
