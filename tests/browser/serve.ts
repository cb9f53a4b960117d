import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';

/** `pipeline ui` in a project: its address, and its end. */
export async function serve(rig: Rig): Promise<readonly [address: string, stop: () => Promise<void>]> {
  const server = rig.process('ui');
  const address = await server.printed(/^http:\S+/m);
  return [
    address,
    async () => {
      server.kill('SIGINT');
      expect((await server.result).code).toBe(0);
    },
  ];
}
