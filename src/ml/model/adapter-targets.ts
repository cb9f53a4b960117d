import { type AdapterConfig, isSincePeft } from '../checkpoint/adapter-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Result } from '../../result.ts';
import { type PythonPattern, pythonPattern } from '../text/python-pattern.ts';
import { type Module, modulesOf } from './modules.ts';

/** What an adapter changes in a model. */
export interface AdapterTargets {
  /** The layers with an update of low rank, in the model's order. */
  readonly layers: readonly LoraLayer[];
  /** The modules that are trained whole. */
  readonly saved: readonly Module[];
  /** Parameters of the base model that are trained because their names hold "bias". */
  readonly biases: readonly string[];
  /** Modules of which some rows are trained alone. */
  readonly tokens: readonly TokenRows[];
  /** What the configuration names but the model lacks, where peft ignores it. */
  readonly unmatched: readonly string[];
}

export interface LoraLayer {
  readonly module: string;
  readonly kind: 'linear' | 'embedding';
  /** Of an embedding: its rows. */
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  /** The scale of the update: alpha / r, or alpha / sqrt(r). */
  readonly scale: number;
}

export interface TokenRows {
  readonly module: Module;
  readonly rows: readonly number[];
  /** Whether the other uses of a tied embedding take these rows too. */
  readonly tied: boolean;
}

/**
 * The modules that an adapter's names and patterns select, as peft does (0.17 to 0.21, by the version that
 * wrote the folder): a text is a pattern that a whole name must match, or "all-linear"; a list holds last
 * parts of names. A module that is saved whole has no update. `stored` holds the names of the folder's
 * tensors: the stacks' own embeddings are modules of some versions of transformers, and selected only where
 * the folder has tensors for them. The error says what was not found, and which names there are.
 */
export function adapterTargets(
  adapter: AdapterConfig,
  config: Mt5Config,
  stored: Iterable<string> = [],
): Result<AdapterTargets> {
  const problems: string[] = [];
  const matcher = patternCompiler(problems);
  const modules = withStackEmbeddings(modulesOf(config), stored);
  const { saved, unmatched } = savedModules(adapter, modules, problems);
  const isSaved = startsWithAny(adapter.modulesToSave.map((name) => matcher(`(^|.*\\.)${name}($|\\..*)`)));
  const isExcluded = selector(adapter.excludeModules ?? [], matcher);
  const isTarget = isAllLinear(adapter.targetModules)
    ? (name: string) => name !== 'lm_head' && isLinear(modules, name)
    : selector(adapter.targetModules, matcher);
  const inBlocks = blockFilter(adapter, matcher, problems);
  const chosen = modules.filter(
    ({ name }) => !isSaved(name) && !isExcluded(name) && isTarget(name) && inBlocks(name),
  );
  const overTied = chosen.find(({ name }) => name === 'shared' || name === 'lm_head');
  if (adapter.ensureWeightTying === true && config.tieWordEmbeddings && overTied !== undefined)
    problems.push(
      `ensure_weight_tying is true and targetModules selects ${overTied.name}: a shared update of an ` +
        'embedding and its tied head is not supported',
    );
  const rankOf = patternValue(adapter.rankPattern, adapter.r, matcher);
  const alphaOf = patternValue(adapter.alphaPattern, adapter.loraAlpha, matcher);
  const tokens = tokenRows(adapter, config, modules, problems);

  for (const { name, kind } of chosen)
    if (kind === 'norm')
      problems.push(`targetModules selects ${name}, which is a norm: LoRA does not support norms`);
    else if (kind === 'embedding' && adapter.loraBias === true)
      problems.push(
        `targetModules selects ${name}, which is an embedding: lora_bias does not support embeddings`,
      );
  if (chosen.length === 0 && problems.length === 0)
    problems.push(
      `targetModules (${shown(adapter.targetModules)}) selects no layer: the linear layers are named ` +
        `${lastNames(modules).join(', ')}`,
    );
  if (problems.length > 0) return { ok: false, error: problems.join('\n') };

  const layers = chosen.map(({ name, kind, shape: [outputs = 0, inputs = 0] }): LoraLayer => {
    const rank = rankOf(name);
    const scale = alphaOf(name) / (adapter.useRslora ? Math.sqrt(rank) : rank);
    if (kind === 'embedding') return { module: name, kind, inputs: outputs, outputs: inputs, rank, scale };
    // These initialisations decompose the weight, whose rank is at most its smaller side.
    const parts = adapter.initLoraWeights === undefined ? rank : Math.min(rank, inputs, outputs);
    return { module: name, kind: 'linear', inputs, outputs, rank: parts, scale };
  });
  return { ok: true, value: { layers, saved, biases: trainedBiases(adapter, modules), tokens, unmatched } };
}

type Matcher = (pattern: string) => PythonPattern;
type Filter = (name: string) => boolean;

/**
 * Together as large as hundreds of patterns of one name each: all names of a model pass through them within
 * seconds.
 */
const largestPatterns = 30_000;

function patternCompiler(problems: string[]): Matcher {
  let size = 0;
  const nothing: PythonPattern = { fullMatch: () => false, matchStart: () => undefined, size: 0 };
  return (source) => {
    if (size > largestPatterns) return nothing;
    const compiled = pythonPattern(source);
    if (!compiled.ok) {
      problems.push(compiled.error);
      return nothing;
    }
    size += compiled.value.size;
    if (size <= largestPatterns) return compiled.value;
    problems.push(
      `the patterns of the adapter have more than ${largestPatterns} instructions together: list ` +
        'fewer, or shorter ones',
    );
    return nothing;
  };
}

/** In transformers 5 the stacks hold embeddings of their own, which share the weights of "shared". */
function withStackEmbeddings(modules: readonly Module[], stored: Iterable<string>): readonly Module[] {
  const named = new Set(
    [...stored].flatMap((name) => /^((?:en|de)coder\.embed_tokens)\./.exec(name)?.[1] ?? []),
  );
  const shared = modules.find(({ name }) => name === 'shared');
  return modules.flatMap((module) => {
    const stack = /^(encoder|decoder)\.block\.0\.layer\.0\.SelfAttention\.q$/.exec(module.name)?.[1];
    const name = `${stack}.embed_tokens`;
    return shared !== undefined && named.has(name) ? [{ ...shared, name }, module] : [module];
  });
}

/** A name takes every module whose name ends with it, and all that such a module holds. */
function savedModules(
  { modulesToSave }: AdapterConfig,
  modules: readonly Module[],
  problems: string[],
): { readonly saved: readonly Module[]; readonly unmatched: readonly string[] } {
  const paths = new Set(modules.flatMap(({ name }) => pathsTo(name)));
  const wrapped = [...paths].filter((path) => modulesToSave.some((ending) => path.endsWith(ending)));
  for (const path of wrapped)
    if (/(^|\.)(block|layer)$/.test(path))
      problems.push(`modulesToSave selects ${path}, a list of layers: name the layers themselves`);
  const whole = new Set(wrapped);
  return {
    saved: modules.filter(({ name }) => pathsTo(name).some((path) => whole.has(path))),
    unmatched: modulesToSave
      .filter((ending) => ![...paths].some((path) => path.endsWith(ending)))
      .map((ending) => `modulesToSave names "${ending}": the model has no such module`),
  };
}

/** "a.b.c": "a", "a.b" and "a.b.c". */
const pathsTo = (name: string): readonly string[] =>
  name.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'));

/**
 * Of a list, the rows belong to the input embedding. Tied uses share them unless they have other rows of
 * their own.
 */
function tokenRows(
  { trainableTokenIndices }: AdapterConfig,
  config: Mt5Config,
  modules: readonly Module[],
  problems: string[],
): readonly TokenRows[] {
  if (trainableTokenIndices === undefined) return [];
  const byName = isList(trainableTokenIndices) ? { shared: trainableTokenIndices } : trainableTokenIndices;
  const entries = Object.entries(byName);
  const tiedLists = entries.filter(([name]) => tiedModules.some((module) => module.endsWith(name)));
  const agree = new Set(tiedLists.map(([, rows]) => rows.join())).size <= 1;
  const shared = modules.find(({ name }) => name === 'shared');
  const candidates = [
    ...modules,
    ...tiedModules.flatMap((name) =>
      shared === undefined || modules.some((module) => module.name === name) ? [] : [{ ...shared, name }],
    ),
  ];
  return entries.flatMap(([ending, rows]) => {
    const found = candidates.filter(({ name, kind }) => kind !== 'norm' && name.endsWith(ending));
    if (found.length === 0)
      problems.push(`trainable_token_indices names "${ending}": the model has no such embedding`);
    const beyond = rows.find((row) => found.some(({ shape: [size = 0] }) => row >= size));
    if (beyond !== undefined)
      problems.push(`trainable_token_indices names row ${beyond} of "${ending}", which has fewer rows`);
    return found.map((module) => ({
      module,
      rows,
      tied: config.tieWordEmbeddings && module.name === 'shared' && agree,
    }));
  });
}

const isList = (indices: NonNullable<AdapterConfig['trainableTokenIndices']>): indices is readonly number[] =>
  Array.isArray(indices);

const tiedModules: readonly string[] = ['shared', 'encoder.embed_tokens', 'decoder.embed_tokens', 'lm_head'];

/**
 * Until 0.21 "all" took every parameter whose name holds "bias", the tables of relative positions; a T5 has
 * no other.
 */
const trainedBiases = (adapter: AdapterConfig, modules: readonly Module[]): readonly string[] =>
  adapter.bias === 'all' && !isSincePeft(adapter, 0, 21)
    ? modules.flatMap(({ name }) => (name.includes('bias') ? [`${name}.weight`] : []))
    : [];

const isAllLinear = (targets: readonly string[] | string): boolean =>
  typeof targets === 'string' && targets.toLowerCase() === 'all-linear';

const isLinear = (modules: readonly Module[], name: string): boolean =>
  modules.some((module) => module.name === name && module.kind === 'linear');

const startsWithAny =
  (patterns: readonly PythonPattern[]): Filter =>
  (name) =>
    patterns.some((pattern) => pattern.matchStart(name) !== undefined);

function selector(targets: readonly string[] | string, matcher: Matcher): Filter {
  if (typeof targets === 'string') return matcher(targets).fullMatch;
  const endings = new Set(targets);
  return (name) => endingsOf(name).some((ending) => endings.has(ending));
}

/** "a.b.c": "c", "b.c" and "a.b.c". */
const endingsOf = (name: string): readonly string[] =>
  name.split('.').map((_, index, parts) => parts.slice(index).join('.'));

/**
 * `layersToTransform` applies to names in a list, not to a module that is named in full. The number of the
 * block is the last one in a name until peft 0.19 and the first one since.
 */
function blockFilter(adapter: AdapterConfig, matcher: Matcher, problems: string[]): Filter {
  const { targetModules, layersToTransform, layersPattern } = adapter;
  const hasPattern = layersPattern !== null && layersPattern.length > 0;
  if (typeof targetModules === 'string' && (layersToTransform !== null || hasPattern))
    problems.push(
      'layersToTransform and layersPattern need targetModules to be a list: found a pattern, which ' +
        'selects layers itself',
    );
  if (hasPattern && layersToTransform === null)
    problems.push('layersPattern is given without layersToTransform: expected the numbers of the layers');
  if (layersToTransform === null || layersToTransform.length === 0 || typeof targetModules === 'string')
    return () => true;
  const before = !isSincePeft(adapter, 0, 20)
    ? String.raw`.*\.`
    : isSincePeft(adapter, 0, 21)
      ? String.raw`(?:^|.*?\.)`
      : String.raw`.*?\.`;
  const patterns = hasPattern
    ? layersPattern.map((each) => matcher(String.raw`${before}${each}\.(?P<idx>\d+)\.`))
    : [matcher(String.raw`${isSincePeft(adapter, 0, 20) ? '.*?' : '.*'}\.[^.]*\.(?P<idx>\d+)\.`)];
  return (name) => {
    if (targetModules.includes(name)) return true;
    const found = patterns.flatMap((pattern) => pattern.matchStart(name)?.get('idx') ?? [])[0];
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
    pattern: matcher(`(.*\\.)?(${pattern})$`),
    value,
  }));
  return (name) => patterns.find(({ pattern }) => pattern.matchStart(name) !== undefined)?.value ?? otherwise;
}

const shown = (targets: readonly string[] | string): string =>
  typeof targets === 'string' ? targets : targets.join(', ');

const lastNames = (modules: readonly Module[]): readonly string[] => [
  ...new Set(
    modules.flatMap(({ name, kind }) => (kind === 'linear' ? [name.slice(name.lastIndexOf('.') + 1)] : [])),
  ),
];
