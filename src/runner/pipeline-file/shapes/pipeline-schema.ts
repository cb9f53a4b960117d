import type { Schema } from '../../../stage/define-stage.ts';
import { bestDescription, bestShape } from './best-shape.ts';
import { pipelineShape } from './pipeline-shape.ts';
import { namePattern } from './shape.ts';
import { stageShape } from './stage-shape.ts';

/**
 * The JSON Schema of a pipeline file: what `pipeline schema` prints, for editors. Made from the shapes that
 * check it.
 */
export function pipelineSchema(): Schema {
  const { properties, ...rest } = pipelineShape.schema;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pipeline.yaml',
    ...rest,
    // A file that extends another may leave anything out.
    required: [],
    properties: {
      ...(isObject(properties) ? properties : {}),
      best: { description: bestDescription, ...bestShape.schema },
      stages: {
        description: 'the steps, by name',
        type: 'object',
        propertyNames: { pattern: namePattern.source },
        additionalProperties: stageShape.schema,
      },
    },
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
