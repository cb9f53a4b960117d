import { Command } from 'commander';
import { printJson } from '../output/print-json.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';

interface KeyOptions {
  readonly new?: true;
  readonly json?: true;
}

/** `pipeline key`. */
export function keyCommand(): Command {
  return new Command('key')
    .description('Show or create the key that signs your results in a shared cache.')
    .option('--new', 'create a key if there is none')
    .option('--json', 'print one JSON document to stdout')
    .addHelpText(
      'after',
      '\nThe private key is in ~/.config/medical-qa-pipeline/key.pem, in the file that ' +
        'PIPELINE_CACHE_KEY_FILE names,\nor in PIPELINE_CACHE_KEY itself. Others list the public key ' +
        'under cache.trust of pipeline.yaml.',
    )
    .action(async (options: KeyOptions) => {
      const { cacheKey, createCacheKey } = await import('../../runner/project/shared-cache/cache-key.ts');
      const key = (options.new === true ? createCacheKey : cacheKey)(process.env);
      if (!key.ok) return refuse(key.error, 1);
      const { signer, place } = key.value;
      if (options.json === true) printJson(key.value);
      else if (signer === undefined)
        openScreen().write(`no key in ${place}: create one with \`pipeline key --new\`\n`);
      else process.stdout.write(`${signer}\n`);
      if (signer === undefined) process.exitCode = 1;
      else if (options.new === true && options.json !== true)
        openScreen().write(`the private key is in ${place}\n`);
    });
}
