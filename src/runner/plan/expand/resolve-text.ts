import type { Report } from '../../diagnostic.ts';
import { interpolate, type Lookup } from '../../pipeline-file/vars/interpolate.ts';
import { kindText, type ScalarNode } from '../../pipeline-file/yaml/node.ts';

/**
 * The text of a path in one instance. Undefined where a reference has a fault or is no single value:
 * reported.
 */
export const resolveText = (node: ScalarNode, lookup: Lookup, report: Report): string | undefined =>
  resolveScalar(node, lookup, report)?.text;

/** The same as a pattern: only the wildcards that are written in its place count, not those of a value. */
export function resolvePattern(node: ScalarNode, lookup: Lookup, report: Report): string | undefined {
  const value = resolveScalar(node, lookup, report);
  return value?.pattern ?? value?.text;
}

function resolveScalar(node: ScalarNode, lookup: Lookup, report: Report): ScalarNode | undefined {
  const value = interpolate(node, lookup, report);
  if (value === undefined) return undefined;
  if (value.kind === 'scalar' && value.value !== null) return value;
  return void report({
    severity: 'error',
    code: 'wrong-type',
    message: `expected a path, but this reference gives ${kindText(value)}`,
    at: node.at,
    notes: [{ message: 'it is written here', at: value.at }],
  });
}
