/** Where what both sides read is, and how results of the library are taken. */
import { join } from 'node:path';

export const folder = join(import.meta.dirname, '../node_modules/.cache/bench');
export const modelFolder = (name) => join(folder, name);

export function valueOf(result) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
