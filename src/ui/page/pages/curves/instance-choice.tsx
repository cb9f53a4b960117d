import type { CurvesAnswer } from '../../../../pages/result-answers.ts';
import { changed, go } from '../../address.ts';
import { LineKey } from '../../charts/line-key.tsx';
import { lineStyleAt } from '../../charts/line-style.ts';

interface InstanceChoiceProps {
  readonly all: CurvesAnswer['curves'];
  readonly chosen: readonly string[];
  readonly query: URLSearchParams;
}

/** Which instances are drawn. */
export function InstanceChoice({ all, chosen, query }: InstanceChoiceProps) {
  return (
    <fieldset class="card side">
      <legend class="hidden-text">Instances</legend>
      <div class="bar">
        <button
          type="button"
          class="quiet"
          onClick={() => go(changed(query, { of: all.map(({ instance }) => instance) }))}
        >
          All
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => go(changed(query, { of: all.slice(0, 1).map(({ instance }) => instance) }))}
        >
          One
        </button>
      </div>
      {all.map(({ instance, isRunning }) => (
        <label key={instance}>
          <input
            type="checkbox"
            checked={chosen.includes(instance)}
            onChange={() =>
              go(
                changed(query, {
                  of: chosen.includes(instance)
                    ? chosen.filter((each) => each !== instance)
                    : [...chosen, instance],
                }),
                'replace',
              )
            }
          />{' '}
          {chosen.includes(instance) && (
            <LineKey lineStyle={lineStyleAt(chosen.indexOf(instance))} isDashed={false} />
          )}
          <span class="name">{instance}</span> {isRunning && <span class="muted">▸ running</span>}
        </label>
      ))}
    </fieldset>
  );
}
