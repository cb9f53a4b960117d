import type { MemoryPlan } from '../../../runner/project.ts';
import { aligned } from '../../../runner/wording/aligned.ts';
import { sizeText } from '../../../runner/wording/size-text.ts';

/** The memory of instances by purpose; instances with equal needs are grouped. */
export const estimateText = (plans: readonly MemoryPlan[]): string =>
  `${plans.length === 0 ? noneText : alike(plans).map(planText).join('\n\n')}\n`;

const noneText = 'none of these stages says how much memory it takes';

/** Points of a grid take the same: they are shown once. */
function alike(
  plans: readonly MemoryPlan[],
): readonly (readonly [plan: MemoryPlan, names: readonly string[]])[] {
  const groups = new Map<string, [MemoryPlan, string[]]>();
  for (const { instance, ...rest } of plans) {
    const key = JSON.stringify(rest);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ instance, ...rest }, [instance]]);
    else group[1].push(instance);
  }
  return [...groups.values()];
}

function planText([plan, names]: readonly [MemoryPlan, readonly string[]]): string {
  const heading = names.join(', ');
  if (plan.kind === 'unknown') return `${heading}\n  not known: ${plan.message}`;
  const { device, parts, total, capacity, lower } = plan;
  const there = device === 'cuda' ? 'memory of the GPU' : 'memory of the machine';
  const rows = [
    ...Object.entries(parts).filter(([, bytes]) => bytes > 0),
    ['total (±15 %)', total] as const,
    ...(capacity === undefined ? [] : [[there, capacity] as const]),
  ].map(([name, bytes]) => [`  ${name}`, sizeText(bytes)]);
  const advice =
    capacity !== undefined && total > capacity && lower.length > 0
      ? [`  does not fit: reduce it with ${lower.join(', or ')}`]
      : [];
  const where = device === 'cuda' ? 'on the GPU' : 'on the CPU';
  return [`${heading}  (${where})`, ...aligned(rows), ...advice].join('\n');
}
