import { open, rename, rm } from 'node:fs/promises';

/** The content of a new file: a text (UTF-8), bytes, or pieces that are produced while they are written. */
export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The disk operations of publishing, so that a test can record the order of the calls, or let one of them
 * fail.
 */
export interface Disk {
  /** Creates a file; an existing file is an error. */
  create(path: string, content: Content): Promise<void>;
  /** Returns when what the file or folder holds (a folder: its names) would survive a loss of power. */
  sync(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all it holds; a missing path is not an error. */
  remove(path: string): Promise<void>;
}

/** The disk of this machine. */
export const realDisk: Disk = {
  async create(path, content) {
    const file = await open(path, 'wx');
    try {
      for await (const piece of pieces(content)) await file.writeFile(piece);
    } finally {
      await file.close();
    }
  },
  async sync(path) {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  async remove(path) {
    await rm(path, { recursive: true, force: true });
  },
};

function pieces(content: Content): Iterable<string | Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
}
