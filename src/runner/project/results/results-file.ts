import { basename, dirname, join } from 'node:path';
import { digestOf } from '../../../files/digest.ts';
import { isJsonObject, type Json, parseJson } from '../../../files/json.ts';
import { jsonText } from '../../../files/json-text.ts';
import type { Result } from '../../../result.ts';
import type { Value } from '../../../stage/context.ts';
import type { MetricValue } from '../../answers/results.ts';
import type { Key } from '../../identity.ts';
import { canonical, isMap } from '../../manifest/canonical.ts';
import { parseKey } from '../../manifest/key-of.ts';

/** A metric as the results file stores it: its bounds, and its number of rows, where known. */
export interface RecordedMetric {
  readonly value: MetricValue;
  readonly low?: number;
  readonly high?: number;
  readonly n?: number;
}

/** A line of the results file: what an instance had when the file was written. */
export interface RecordedResult {
  readonly instance: string;
  readonly key: Key;
  /** Of the manifest without the platform: equal on two machines that would compute the same. */
  readonly manifest: string;
  readonly metrics: Readonly<Record<string, RecordedMetric>>;
}

export interface RecordedResults {
  readonly pipeline: string;
  readonly results: readonly RecordedResult[];
}

/**
 * The results file of a pipeline file, beside it: results.json, and of another than pipeline.yaml
 * NAME.results.json.
 */
export function resultsFileOf(pipelineFile: string): string {
  const name = basename(pipelineFile).replace(/\.ya?ml$/, '');
  return join(dirname(pipelineFile), name === 'pipeline' ? 'results.json' : `${name}.results.json`);
}

/** The digest of a manifest without its platform. */
export const digestAnywhere = (manifest: Value): string =>
  digestOf(canonical(isMap(manifest) ? { ...manifest, platform: {} } : manifest));

/** One line an instance, sorted by name, so that a diff shows the instances that changed. */
export function resultsFileText({ pipeline, results }: RecordedResults): string {
  const lines = [...results]
    .sort((a, b) => (a.instance < b.instance ? -1 : 1))
    .map(
      ({ instance, key, manifest, metrics }) =>
        `${JSON.stringify(instance)}: ${jsonText({ key, manifest, metrics: sortedMetrics(metrics) })}`,
    );
  return (
    `{"version": ${version}, "pipeline": ${JSON.stringify(pipeline)}, "instances": ` +
    `{\n${lines.join(',\n')}\n}}\n`
  );
}

const version = 1;

/** An integer that a JavaScript number rounds is a text of its digits. */
const sortedMetrics = (metrics: RecordedResult['metrics']): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Object.entries(metrics)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, metric]) => [
        name,
        { ...metric, value: typeof metric.value === 'bigint' ? String(metric.value) : metric.value },
      ]),
  );

/** Reads a results file; the error describes its fault. */
export function parseResultsFile(text: string, path: string): Result<RecordedResults> {
  const parsed = parseJson(text, path);
  if (!parsed.ok) return { ok: false, error: `is not JSON: ${parsed.error.message}` };
  const { value } = parsed;
  if (!isJsonObject(value) || !isJsonObject(value['instances']) || typeof value['pipeline'] !== 'string')
    return { ok: false, error: 'is not a results file: expected "version", "pipeline" and "instances"' };
  if (value['version'] !== version)
    return { ok: false, error: `has version ${jsonText(value['version'])}: this program reads ${version}` };
  const results = Object.entries(value['instances']).map(([instance, line]) => resultIn(instance, line));
  const wrong = results.find((result) => !result.ok);
  if (wrong?.ok === false) return wrong;
  return {
    ok: true,
    value: { pipeline: value['pipeline'], results: results.flatMap((one) => (one.ok ? [one.value] : [])) },
  };
}

function resultIn(instance: string, line: Json): Result<RecordedResult> {
  const { key, manifest, metrics } = isJsonObject(line) ? line : {};
  const known = typeof key === 'string' ? parseKey(key) : undefined;
  if (known === undefined || typeof manifest !== 'string' || !isJsonObject(metrics))
    return { ok: false, error: `has no "key", "manifest" and "metrics" for ${instance}` };
  const read = Object.entries(metrics).map(([name, metric]) => [name, metricIn(metric)] as const);
  const invalid = read.find(([, metric]) => metric === undefined);
  if (invalid !== undefined)
    return { ok: false, error: `has a value of "${invalid[0]}" for ${instance} that is not a number` };
  return {
    ok: true,
    value: {
      instance,
      key: known,
      manifest,
      metrics: Object.fromEntries(
        read.flatMap(([name, metric]) => (metric === undefined ? [] : [[name, metric]])),
      ),
    },
  };
}

function metricIn(found: Json): RecordedMetric | undefined {
  if (!isJsonObject(found)) return undefined;
  const value = valueIn(found['value']);
  const { low, high, n } = found;
  return value === undefined
    ? undefined
    : {
        value,
        ...(typeof low === 'number' && typeof high === 'number' ? { low, high } : {}),
        ...(typeof n === 'number' ? { n } : {}),
      };
}

function valueIn(found: Json | undefined): MetricValue | undefined {
  if (typeof found === 'number') return found;
  if (typeof found !== 'string') return undefined;
  if (/^-?\d+$/.test(found)) return BigInt(found);
  return ['NaN', 'Infinity', '-Infinity'].includes(found) ? Number(found) : undefined;
}
