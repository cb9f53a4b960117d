import { Command } from 'commander';

/** `pipeline schema`. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description('Print the JSON Schema of pipeline.yaml, for completion in editors.')
    .addHelpText(
      'after',
      '\nExample:\n  pipeline schema > pipeline.schema.json\n  # then, as the first line of ' +
        'pipeline.yaml:\n  # yaml-language-server: $schema=./pipeline.schema.json',
    )
    .action(async () => {
      const { pipelineSchema } = await import('../../runner/pipeline-file/shapes/pipeline-schema.ts');
      process.stdout.write(`${JSON.stringify(pipelineSchema(), null, 2)}\n`);
    });
}
