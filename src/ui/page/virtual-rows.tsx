import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/**
 * A table of any number of rows, of which only the visible ones are drawn: rows have one height, and empty
 * rows above and below take the place of the others. Screen readers learn the place of each row among all.
 */
export function VirtualRows<T>(props: {
  readonly label: string;
  /** The cells of the head. */
  readonly head: ComponentChildren;
  readonly columns: number;
  /** The widths of the first columns, so that they stay when other rows scroll into view. */
  readonly widths?: readonly string[];
  readonly rows: readonly T[];
  readonly rowHeight: number;
  readonly keyOf: (row: T) => string;
  readonly cells: (row: T) => ComponentChildren;
  readonly isChosen?: (row: T) => boolean;
  /** Of the table. */
  readonly class?: string;
}) {
  const { rows, rowHeight, columns, widths = [], keyOf, isChosen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setViewport] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = (): void => setViewport({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  const { first, end } = rowsInView(rows.length, { top, height, rowHeight });
  // A row that scrolls away takes the focus with it: the keys shall go on scrolling this list.
  const hadFocus = box.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    if (hadFocus && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  });
  return (
    <div class="rows" ref={box} tabIndex={0} role="region" aria-label={props.label}>
      <table class={props.class} aria-rowcount={rows.length + 1} style={{ '--row-height': `${rowHeight}px` }}>
        <colgroup>
          {widths.map((width, index) => (
            <col key={index} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>{props.head}</tr>
        </thead>
        <tbody>
          <Gap height={first * rowHeight} columns={columns} />
          {rows.slice(first, end).map((row, index) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={first + index + 2}
              class={isChosen?.(row) === true ? 'chosen' : undefined}
            >
              {props.cells(row)}
            </tr>
          ))}
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
function rowsInView(
  count: number,
  { top, height, rowHeight }: { readonly top: number; readonly height: number; readonly rowHeight: number },
): { readonly first: number; readonly end: number } {
  const around = 12;
  // A list that a filter made shorter may be scrolled further than it is long.
  const last = Math.max(0, count - Math.ceil(height / rowHeight));
  const first = Math.max(0, Math.min(last, Math.floor(top / rowHeight)) - around);
  return { first, end: Math.min(count, first + Math.ceil(height / rowHeight) + 2 * around) };
}
