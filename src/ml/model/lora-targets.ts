import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Result } from '../../result.ts';
import { type Module, modulesOf } from './modules.ts';

/** What an adapter changes in a model. */
export interface LoraTargets {
  /** The linear layers with an update of low rank, in the model's order. */
  readonly layers: readonly LoraLayer[];
  /** The modules that are trained whole. */
  readonly saved: readonly Module[];
  /** Parameters of the base model that are trained because their names hold "bias". */
  readonly biases: readonly string[];
}

export interface LoraLayer {
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  /** What the update is multiplied by: alpha / r, or alpha / sqrt(r). */
  readonly scale: number;
}

/**
 * The modules that an adapter's names and patterns select, as peft (0.17.1) does: a text is a pattern that a whole name
 * must match, or "all-linear"; a list holds last parts of names. A module that is saved whole has no update. The error says
 * what was not found, and which names there are.
 */
export function loraTargets(adapter: AdapterConfig, config: Mt5Config): Result<LoraTargets> {
  const problems: string[] = [];
  const matcher = (pattern: string): RegExp => {
    const compiled = pythonPattern(pattern);
    if (!compiled.ok) problems.push(compiled.error);
    return compiled.ok ? compiled.value : /$^/;
  };
  const modules = modulesOf(config);
  const saved = modules.filter(({ name }) => adapter.modulesToSave.some((ending) => name.endsWith(ending)));
  const isSaved = matchesAny(adapter.modulesToSave.map((name) => matcher(`(.*\\.)?${name}(\\..*)?`)));
  const isExcluded = selector(adapter.excludeModules ?? [], matcher);
  const isTarget = isAllLinear(adapter.targetModules)
    ? (name: string) => name !== 'lm_head' && isLinear(modules, name)
    : selector(adapter.targetModules, matcher);
  const inBlocks = blockFilter(adapter, matcher);
  const chosen = modules.filter(
    ({ name }) => !isSaved(name) && !isExcluded(name) && isTarget(name) && inBlocks(name),
  );
  const rankOf = patternValue(adapter.rankPattern, adapter.r, matcher);
  const alphaOf = patternValue(adapter.alphaPattern, adapter.loraAlpha, matcher);

  for (const { name, kind } of chosen)
    if (kind !== 'linear')
      problems.push(
        `targetModules selects ${name}, which is ${kind === 'norm' ? 'a norm' : 'an embedding'}: a LoRA can be laid over linear layers only`,
      );
  for (const { name, kind } of saved)
    if (kind === 'embedding')
      problems.push(
        `modulesToSave selects ${name}, an embedding: it cannot be trained apart from the model's other uses of it`,
      );
  const tied = config.tieWordEmbeddings && [...chosen, ...saved].some(({ name }) => name === 'lm_head');
  if (tied)
    problems.push(
      'targetModules or modulesToSave selects lm_head, which in this model is tied to the embedding: it cannot change on its own',
    );
  if (chosen.length === 0 && problems.length === 0)
    problems.push(
      `targetModules (${shown(adapter.targetModules)}) selects no layer: the linear layers are named ${lastNames(modules).join(', ')}`,
    );
  for (const ending of adapter.modulesToSave)
    if (!modules.some(({ name }) => name.endsWith(ending)))
      problems.push(`modulesToSave names "${ending}": no module of the model is named so`);
  if (problems.length > 0) return { ok: false, error: problems.join('\n') };

  const layers = chosen.map(({ name, shape: [outputs = 0, inputs = 0] }) => {
    const rank = rankOf(name);
    return {
      module: name,
      inputs,
      outputs,
      rank,
      scale: alphaOf(name) / (adapter.useRslora ? Math.sqrt(rank) : rank),
    };
  });
  const biases =
    adapter.bias === 'all'
      ? modules.flatMap(({ name }) => (name.includes('bias') ? [`${name}.weight`] : []))
      : [];
  return { ok: true, value: { layers, saved, biases } };
}

type Matcher = (pattern: string) => RegExp;
type Filter = (name: string) => boolean;

const isAllLinear = (targets: readonly string[] | string): boolean =>
  typeof targets === 'string' && targets.toLowerCase() === 'all-linear';

const isLinear = (modules: readonly Module[], name: string): boolean =>
  modules.some((module) => module.name === name && module.kind === 'linear');

const matchesAny =
  (patterns: readonly RegExp[]): Filter =>
  (name) =>
    patterns.some((pattern) => pattern.test(name));

function selector(targets: readonly string[] | string, matcher: Matcher): Filter {
  if (typeof targets !== 'string')
    return (name) => targets.some((target) => name === target || name.endsWith(`.${target}`));
  return matchesAny([matcher(targets)]);
}

/** `layersToTransform` applies to names in a list, not to a pattern, and not to a module that is named in full. */
function blockFilter(
  { targetModules, layersToTransform, layersPattern }: AdapterConfig,
  matcher: Matcher,
): Filter {
  if (layersToTransform === null || layersToTransform.length === 0 || typeof targetModules === 'string')
    return () => true;
  const patterns =
    (layersPattern ?? []).length === 0
      ? [matcher(String.raw`.*\.[^.]*\.(\d+)\..*`)]
      : (layersPattern ?? []).map((each) => matcher(String.raw`.*\.${each}\.(\d+)\..*`));
  return (name) => {
    if (targetModules.includes(name)) return true;
    const found = patterns.flatMap((pattern) => pattern.exec(name)?.[1] ?? [])[0];
    return found !== undefined && layersToTransform.includes(Number(found));
  };
}

/** The value of the first pattern that matches the end of a name. */
function patternValue(
  values: Readonly<Record<string, number>>,
  otherwise: number,
  matcher: Matcher,
): (name: string) => number {
  const patterns = Object.entries(values).map(([pattern, value]) => ({
    matches: matcher(`(.*\\.)?(${pattern})`),
    value,
  }));
  return (name) => patterns.find(({ matches }) => matches.test(name))?.value ?? otherwise;
}

/** A pattern of Python's re, to match a whole text. The two languages agree but for named groups and inline flags. */
function pythonPattern(pattern: string): Result<RegExp> {
  // A repeated group that repeats inside can take longer than anybody waits: an adapter's file may come from anywhere.
  if (/[*+}]\)*[)][*+{]/.test(pattern))
    return {
      ok: false,
      error: `${JSON.stringify(pattern)} repeats a group that ends in a repetition: write it without the inner one`,
    };
  try {
    return { ok: true, value: new RegExp(`^(?:${pattern.replaceAll('(?P<', '(?<')})$`) };
  } catch {
    return {
      ok: false,
      error: `${JSON.stringify(pattern)} is not a pattern that can be read: expected a regular expression`,
    };
  }
}

const shown = (targets: readonly string[] | string): string =>
  typeof targets === 'string' ? targets : targets.join(', ');

const lastNames = (modules: readonly Module[]): readonly string[] => [
  ...new Set(
    modules.flatMap(({ name, kind }) => (kind === 'linear' ? [name.slice(name.lastIndexOf('.') + 1)] : [])),
  ),
];
