import { join } from 'node:path';
import { compiledProgram } from './compiled-program.ts';
import { startCommand } from './start-command.ts';

/** The entry point of `pipeline`. */
await startCommand(process.argv.slice(2), (file, use) =>
  compiledProgram(join(import.meta.dirname, file), use),
);
