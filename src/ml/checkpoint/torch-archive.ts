import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Pickled } from './unpickle.ts';

/**
 * What both forms of torch's files come to: the pickled state dict, and the places of its storages' bytes by
 * key.
 */
export interface TorchArchive {
  readonly state: Pickled;
  readonly storages: ReadonlyMap<string, Place>;
}

export interface Place {
  readonly start: number;
  readonly size: number;
}

/**
 * The names and shapes of a large model take some hundred kilobytes: a pickle of more would only fill the
 * memory.
 */
export const maxPickleBytes = 1 << 24;

/** The error for a file that is not a torch archive of tensors. */
export const refused = (path: string, message: string): Result<never, FileProblem> => ({
  ok: false,
  error: { path, message: `is not a torch file of tensors: ${message}` },
});
