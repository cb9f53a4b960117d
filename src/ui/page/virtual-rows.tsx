import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/**
 * A table of any number of rows, of which only those in sight are drawn: rows have one height, and empty rows
 * above and below stand for the others.
 */
export function VirtualRows<T>(props: {
  readonly label: string;
  readonly head: ComponentChildren;
  readonly columns: number;
  readonly rows: readonly T[];
  readonly rowHeight: number;
  readonly row: (row: T, place: number) => ComponentChildren;
  readonly class?: string;
}) {
  const { rows, rowHeight, columns } = props;
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setSight] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const look = (): void => setSight({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const { first, end } = rowsInSight(rows.length, { top, height, rowHeight });
  return (
    <div class={`rows ${props.class ?? ''}`} ref={box} tabIndex={0} role="region" aria-label={props.label}>
      <table aria-rowcount={rows.length + 1}>
        <thead>{props.head}</thead>
        <tbody>
          <Gap height={first * rowHeight} columns={columns} />
          {rows.slice(first, end).map((row, index) => props.row(row, first + index))}
          <Gap height={(rows.length - end) * rowHeight} columns={columns} />
        </tbody>
      </table>
    </div>
  );
}

function Gap(props: { readonly height: number; readonly columns: number }) {
  return props.height === 0 ? null : (
    <tr aria-hidden="true" class="gap">
      <td colSpan={props.columns} style={{ height: `${props.height}px` }} />
    </tr>
  );
}

/** With some more above and below, so that scrolling shows no holes. */
function rowsInSight(
  count: number,
  { top, height, rowHeight }: { readonly top: number; readonly height: number; readonly rowHeight: number },
): { readonly first: number; readonly end: number } {
  const around = 12;
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - around));
  return { first, end: Math.min(count, first + Math.ceil(height / rowHeight) + 2 * around) };
}
