import type { Fold } from '../../src/ml/dataset/leakage.ts';
import type { Result } from '../../src/result.ts';

/**
 * Converts traditional characters to simplified ones with the optional package opencc-js, imported lazily.
 */
export async function chineseFold(): Promise<Result<Fold>> {
  try {
    const { Converter } = await import('opencc-js/t2cn');
    return { ok: true, value: Converter({ from: 't', to: 'cn' }) };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    return { ok: false, error: 'foldChinese needs the package opencc-js: `npm install opencc-js`' };
  }
}
