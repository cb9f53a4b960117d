import { jsonText } from '../../files/json-text.ts';

/**
 * Of the documents that `--json` prints and of the lines of `--events`: raised when a field is removed or
 * changes its meaning.
 */
const version = 1;

/** Prints the answer of a command for programs: one document on stdout. docs/json.md lists the fields. */
export function printJson(answer: object): void {
  process.stdout.write(`${jsonText({ version, ...answer }, 2)}\n`);
}

/** A document among others: one a line. */
export const jsonLine = (answer: object): string => `${jsonText({ version, ...answer })}\n`;
