import { linkTo } from '../../address.ts';
import { hasPage } from '../../port/data-port.ts';
import type { ExperimentRow } from './experiment-rows.ts';

/** The name of a model, and what is to be known of it: the best, adopted, out of date. */
export function ModelName({ row }: { readonly row: ExperimentRow }) {
  const [first] = row.models;
  if (first === undefined) return null;
  const address = `/graph?instance=${encodeURIComponent(first.instance)}`;
  return (
    <>
      {hasPage('/graph') ? (
        <a {...linkTo(address)} class="name">
          {row.name}
        </a>
      ) : (
        <span class="name">{row.name}</span>
      )}
      {first.best !== undefined && (
        <span class="best" title={`the best by ${first.best}`}>
          {' '}
          <span aria-hidden="true">★</span>
          <span class="hidden-text">the best by {first.best}</span>
        </span>
      )}
      {row.models.some(({ isTied }) => isTied) && <Mark sign="~" text="does not differ from the best" />}
      {row.models.some(({ isAdopted }) => isAdopted) && <Mark sign="†" text="adopted" />}
      {row.models.some(({ outdated }) => outdated.length > 0) && (
        <span class="state state-out-of-date" title={first.outdated.join(', ')}>
          out of date
        </span>
      )}
    </>
  );
}

/** Read aloud as its text. */
const Mark = ({ sign, text }: { readonly sign: string; readonly text: string }) => (
  <span title={text}>
    {' '}
    <span aria-hidden="true">{sign}</span>
    <span class="hidden-text">{text}</span>
  </span>
);
