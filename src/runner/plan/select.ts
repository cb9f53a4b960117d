import type { Result } from '../../result.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { InstanceId } from '../identity.ts';
import { joinFirst } from '../wording/join-first.ts';
import { matchesWildcards } from '../pipeline-file/glob.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import { encodedLabel } from './instance-name.ts';
import type { Instance, LeftInstance, ListedInstances, Plan } from './instance.ts';
import { needsToRun, withDependents, withNeeds } from './with-needs.ts';

/** The selection of a command, as typed. */
export interface Selection {
  /** "train", "train[*,gs_*]", "train:aimc,lora"; none: all. */
  readonly patterns: readonly string[];
  /**
   * `needs`: those and their dependencies; `only`: just those; `from`: those and their dependents; `until`:
   * as `needs`.
   */
  readonly mode: 'needs' | 'only' | 'from' | 'until';
}

export interface Selected {
  /** In the order of the plan. */
  readonly chosen: readonly Instance[];
  /** Dependencies of the chosen instances that are not chosen themselves: used without being updated. */
  readonly takenAsIs: readonly Instance[];
  /** Selected instances that come from lists and may exist once the lists are made again. */
  readonly listed: readonly ListedInstances[];
  /**
   * Of patterns that match nothing now, and could once lists are made again: what is wrong if they cannot.
   */
  readonly unmatched: readonly Diagnostic[];
}

/** The selected instances of a command. A pattern that matches nothing is an error with the nearest name. */
export function select(plan: Plan, { patterns, mode }: Selection): Result<Selected, readonly Diagnostic[]> {
  const matches = patterns.map((pattern) => matching(plan, pattern));
  const faults = matches.flatMap((match) => (match.ok ? [] : [match.error]));
  if (faults.length > 0) return { ok: false, error: faults };
  const matched = matches.flatMap((match) => (match.ok ? [match.value] : []));
  const all = plan.listed ?? [];
  const named = new Set(
    patterns.length === 0 ? plan.instances.map(({ id }) => id) : matched.flatMap(({ ids }) => ids),
  );
  const wanted = patterns.length === 0 ? all : matched.flatMap(({ listed }) => listed);
  const producers = wanted.flatMap(({ after }) => after);
  const ids =
    mode === 'only'
      ? named
      : mode === 'from'
        ? withDependents(plan, named)
        : withNeeds(plan, [...named, ...producers]);
  const listed = new Set(wanted);
  if (mode === 'from')
    for (const part of all) if (part.after.some((producer) => ids.has(producer))) listed.add(part);
  const chosen = plan.instances.filter(({ id }) => ids.has(id));
  const needed = new Set(chosen.flatMap((instance) => needsToRun(plan, instance)));
  return {
    ok: true,
    value: {
      chosen,
      takenAsIs: plan.instances.filter(({ id }) => needed.has(id) && !ids.has(id)),
      listed: [...listed],
      unmatched: matched.flatMap(({ unmatched }) => unmatched ?? []),
    },
  };
}

interface Match {
  readonly ids: readonly InstanceId[];
  readonly listed: readonly ListedInstances[];
  /** If it matches no current instance. */
  readonly unmatched?: Diagnostic;
}

function matching(plan: Plan, pattern: string): Result<Match, Diagnostic> {
  const parsed = /^([^[\]:]+)(?:\[(.*)\]|:(.*))?$/s.exec(pattern);
  const stage = parsed?.[1];
  if (stage === undefined)
    return {
      ok: false,
      error: fault('bad-selection', `${JSON.stringify(pattern)} names no stage or instance`, undefined, help),
    };
  const all = plan.listed ?? [];
  const stages = [...new Set([...plan.instances, ...all].map((instance) => instance.stage))];
  const inStage = plan.instances.filter((instance) => matchesWildcards(stage, instance.stage));
  const listedInStage = all.filter((part) => matchesWildcards(stage, part.stage));
  const labels = (parsed?.[2] ?? parsed?.[3])?.split(',');
  const left = (plan.leftOut ?? []).filter((instance) => matchesWildcards(stage, instance.stage));
  if (inStage.length === 0 && listedInStage.length === 0 && left.length > 0)
    return { ok: false, error: leftOut(pattern, left) };
  if (inStage.length === 0 && listedInStage.length === 0)
    return {
      ok: false,
      error: fault(
        'unknown-stage',
        `there is no stage ${JSON.stringify(stage)}: expected one of ${stages.slice(0, 20).join(', ')}`,
        nearest(stage, stages),
      ),
    };
  const found =
    labels === undefined ? inStage : inStage.filter((instance) => matchesLabels(labels, instance));
  const listed =
    labels === undefined ? listedInStage : listedInStage.filter((part) => couldMatch(labels, part));
  const ids = found.map(({ id }) => id);
  if (found.length > 0 || listed.some(({ isKnown }) => !isKnown)) return { ok: true, value: { ids, listed } };
  const wanted = left.filter((instance) => labels !== undefined && matchesLabels(labels, instance));
  if (wanted.length > 0 && listed.length === 0) return { ok: false, error: leftOut(pattern, wanted) };
  const unmatched =
    labels === undefined ? undefined : noInstance(pattern, stage, labels, inStage, listedInStage);
  if (listed.length > 0)
    return { ok: true, value: { ids, listed, ...(unmatched === undefined ? {} : { unmatched }) } };
  return {
    ok: false,
    error: unmatched ?? noInstance(pattern, stage, labels ?? [], inStage, listedInStage),
  };
}

/** Whether labels could be those of an instance that a list gives. */
function couldMatch(patterns: readonly string[], { stage, labels, name }: ListedInstances): boolean {
  const known = Object.values(labels);
  return (
    (known.length === patterns.length &&
      known.every((label, index) => label === null || matchesLabel(patterns[index] ?? '', label))) ||
    name === `${stage}[${patterns.join(',')}]`
  );
}

const help =
  'write a stage as train, an instance as train[aimc,lora] or train:aimc,lora, several as train[*,gs_*]';

/** Whether each pattern matches its label, as written or as the id shows it. */
function matchesLabels(patterns: readonly string[], instance: LeftInstance | Instance): boolean {
  const labels = Object.values(instance.labels);
  if (
    labels.length === patterns.length &&
    labels.every((label, index) => matchesLabel(patterns[index] ?? '', label))
  )
    return true;
  // A shortened name can be typed in the displayed form.
  return instance.id === `${instance.stage}[${patterns.join(',')}]`;
}

const matchesLabel = (pattern: string, label: string): boolean =>
  matchesWildcards(pattern, label) || matchesWildcards(pattern, encodedLabel(label));

function leftOut(pattern: string, left: readonly LeftInstance[]): Diagnostic {
  const ids = left.map(({ id }) => id);
  const what = ids.length === 1 && ids[0] === pattern ? pattern : `${pattern} (${joinFirst(ids, 5)})`;
  return fault(
    'left-out',
    `${what} is left out: the stage has \`when\`: ${left[0]?.condition ?? ''}`,
    undefined,
  );
}

function noInstance(
  pattern: string,
  stage: string,
  labels: readonly string[],
  inStage: readonly Instance[],
  listed: readonly ListedInstances[],
): Diagnostic {
  const named = [...inStage, ...listed];
  const counts = [...new Set(named.map((instance) => Object.keys(instance.labels).length))];
  const axes = named[0] === undefined ? [] : Object.keys(named[0].labels);
  const wanted = `${stage}[${labels.join(',')}]`;
  const ids = [
    ...inStage.map(({ id }) => id),
    ...listed.flatMap(({ name, isKnown }) => (isKnown ? [] : [name])),
  ];
  if (!counts.includes(labels.length)) {
    return fault(
      'no-instance',
      `${JSON.stringify(pattern)} gives ` +
        `${labels.length === 1 ? '1 label' : `${labels.length} labels`}, and the instances of ${stage} ` +
        `have ${counts.join(' or ')}${axes.length === 0 ? '' : ` (${axes.join(', ')})`}`,
      nearest(wanted, ids),
      help,
    );
  }
  return fault(
    'no-instance',
    `no instance of ${stage} matches ${JSON.stringify(pattern)}: there are ${joinFirst(ids, 10)}`,
    nearest(wanted, ids),
  );
}

const fault = (
  code: string,
  message: string,
  suggestion: string | undefined,
  advice?: string,
): Diagnostic => ({
  severity: 'error',
  code,
  message,
  ...(suggestion === undefined ? {} : { suggestion }),
  ...(advice === undefined ? {} : { help: advice }),
});
