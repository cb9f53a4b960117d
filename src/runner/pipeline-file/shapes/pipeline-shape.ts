import { bestDescription } from './best-shape.ts';
import { shellShape } from './command-shape.ts';
import { executorsShape } from './executor-shape.ts';
import { anyMap, badName, map, namePattern, optional, record, required, text } from './shape.ts';
import { sharedCacheShape } from './shared-cache-shape.ts';
import { trackingShape } from './tracking-shape.ts';

/**
 * The fields of a pipeline file, unresolved. Stages are read one by one, so that one with faults does not
 * hide others.
 */
export const pipelineShape = record('a pipeline file', {
  name: optional(
    map(text, (name, _, report) =>
      namePattern.test(name.value) ? name : void report(badName(name.value, name.at)),
    ),
    'the name of its folder in artifacts; default: the name of the file',
  ),
  extends: optional(text, 'another pipeline file, which this one changes by JSON merge patch'),
  vars: optional(
    anyMap('a map of values'),
    'values to refer to as ${vars.name}; { $file: params.yaml } takes them from a file',
  ),
  shell: optional(shellShape, 'the shell that runs commands that are lines; a stage can override it'),
  best: optional(anyMap('a map with by, goal and within'), bestDescription),
  cache: optional(sharedCacheShape, 'results that several machines share'),
  executor: optional(text, 'the default executor of stages; default: local'),
  executors: optional(executorsShape(namePattern), 'queues that stages can be run on, by name'),
  tracking: optional(trackingShape, 'trackers that runs are sent to; not part of any key'),
  stages: required(anyMap('a map of stages'), 'the steps, by name'),
});
