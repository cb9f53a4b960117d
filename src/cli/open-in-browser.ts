import { execa } from 'execa';
import type { Result } from '../result.ts';

/** Opens an address with the program that the system has for it. */
export async function openInBrowser(url: string): Promise<Result<void>> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const { failed, shortMessage } = await execa(program, [url], { reject: false, stdio: 'ignore' });
  // The message would repeat the address, which holds the token.
  return failed
    ? {
        ok: false,
        error: `${program} failed${shortMessage?.includes('ENOENT') === true ? ': it is not installed' : ''}`,
      }
    : { ok: true, value: undefined };
}
