/**
 * Writes the sample data, data/raw and data/questions, and the text of the nano tokenizer, data/tokenizer.
 * The same bytes every time. Run: npx esbuild scripts/make-sample-data.ts --bundle --platform=node
 * --format=esm | node --input-type=module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sampleFiles } from '../stages/nano/sample-files.ts';

for (const { path, text } of sampleFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
