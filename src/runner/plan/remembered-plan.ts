import { jsonIn } from '../../files/json.ts';
import { digestOf } from '../../files/digest.ts';
import type { SourceRequest } from '../pipeline-file/source-request.ts';
import { overrideName } from '../wording/override-name.ts';
import type { Plan } from './instance.ts';
import type { PlannedFile } from './plan-file.ts';

/**
 * A plan without faults and warnings as a text, for `rememberedPlan`: reading YAML is most of the cost of a
 * run with nothing to do. `runner` identifies the code that made it. Two lines: what it was made from, and
 * the plan.
 */
export function rememberPlan(
  plan: Plan,
  sources: ReadonlyMap<string, string>,
  { file, overrides }: SourceRequest,
  runner: string,
): string {
  const typed = new Set(overrides.map((_, index) => overrideName(index)));
  const files = [...sources]
    .filter(([name]) => !typed.has(name))
    .map(([name, text]) => [name, digestOf(text)]);
  const body = JSON.stringify({ ...plan, typed: undefined, needs: [...plan.needs] });
  const header: Header = {
    runner,
    request: requestText(file, overrides),
    files: Object.fromEntries(files),
    body: digestOf(body),
  };
  return `${JSON.stringify(header)}\n${body}`;
}

/**
 * The remembered plan, if it is whole and was made by this runner from these very texts and lists; undefined:
 * plan the file again.
 */
export function rememberedPlan(
  remembered: string,
  { file, overrides, readText, readList }: SourceRequest,
  runner: string,
): PlannedFile | undefined {
  const end = remembered.indexOf('\n');
  const header = jsonIn(remembered.slice(0, end));
  if (!isHeader(header) || header.runner !== runner || header.request !== requestText(file, overrides))
    return undefined;
  const body = remembered.slice(end + 1);
  if (digestOf(body) !== header.body) return undefined;
  const plan = planOfBody(body);
  if (!hasCurrentLists(plan, readList)) return undefined;
  const sources = new Map<string, string>();
  for (const [name, digest] of Object.entries(header.files)) {
    const text = readText(name);
    if (!text.ok || digestOf(text.value) !== digest) return undefined;
    sources.set(name, text.value);
  }
  for (const [index, text] of overrides.entries()) sources.set(overrideName(index), text);
  return { result: { ok: true, value: plan }, warnings: [], sources };
}

/** Whether the lists that matrices take values from are those that a plan was made with. */
export const hasCurrentLists = (
  { pipeline, lists = [] }: Plan,
  readList: SourceRequest['readList'],
): boolean =>
  lists.every(
    ({ instance, out, digest }) => (readList?.(pipeline, instance, out)?.digest ?? null) === digest,
  );

/** Whether a text is as `rememberPlan` wrote it. */
export function isWholePlan(remembered: string): boolean {
  const end = remembered.indexOf('\n');
  const header = jsonIn(remembered.slice(0, end));
  return isHeader(header) && digestOf(remembered.slice(end + 1)) === header.body;
}

interface Header {
  readonly runner: string;
  readonly request: string;
  /** The digest of every file that was read. */
  readonly files: Readonly<Record<string, string>>;
  readonly body: string;
}

const requestText = (file: string, overrides: readonly string[]): string =>
  JSON.stringify([file, ...overrides]);

const isHeader = (value: unknown): value is Header =>
  typeof value === 'object' &&
  value !== null &&
  'runner' in value &&
  'request' in value &&
  'body' in value &&
  'files' in value &&
  typeof value.files === 'object' &&
  value.files !== null;

/** The digest has shown that this is what `rememberPlan` wrote: no other check of its type is needed. */
function planOfBody(body: string): Plan {
  const plan: Omit<Plan, 'needs'> & {
    readonly needs: readonly (readonly [
      Plan['instances'][number]['id'],
      readonly Plan['instances'][number]['id'][],
    ])[];
  } = JSON.parse(body);
  return { ...plan, needs: new Map(plan.needs) };
}
