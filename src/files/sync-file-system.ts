/**
 * Brings all that was written to the file system of a path to the disk (syncfs(2), which Node does not have,
 * by the program `sync` of Linux). For thousands of small files it is one call instead of thousands. False:
 * it cannot be had here, or did not succeed.
 */
export async function syncFileSystem(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  // Loaded where it is needed: most runs never write so many files.
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    execFile('/bin/sync', ['-f', path], (error) => resolve(error === null));
  });
}
