import type { Finding } from './finding.ts';
import { packageManager } from './package-manager.ts';

/** `required` as in package.json's engines: ">=20.19". */
export function nodeFinding(version: string, required: string): Finding {
  const [major = 0, minor = 0] = numbers(version);
  const [least = 0, leastMinor = 0] = numbers(required);
  if (major > least || (major === least && minor >= leastMinor))
    return { part: 'Node', state: 'good', message: version };
  return {
    part: 'Node',
    state: 'broken',
    message: `${version} is too old: ${required} is needed`,
    help: `install Node 20 LTS or newer from https://nodejs.org, then: ${packageManager.install}`,
  };
}

const numbers = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number);
