import { useEffect, useMemo, useState } from 'preact/hooks';
import { port } from './port/data-port.ts';

/** The page and its query, from the address bar. */
interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Undefined or empty: without it. */
export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A report is one file: what would be the address is behind its "#". */
function addressText(): string {
  if (port.isLive) return location.pathname + location.search;
  return location.hash.startsWith('#/') ? location.hash.slice(1) : '/';
}

function addressIn(text: string): Address {
  const { pathname: path, searchParams: query } = new URL(text, 'file://');
  return { path, query };
}

const hrefOf = (address: string): string => (port.isLive ? address : `#${address}`);

/** The address, and the component drawn again when it changes. */
export function useAddress(): Address {
  const [text, setText] = useState(addressText);
  useEffect(() => {
    const read = (): void => setText(addressText());
    addEventListener('popstate', read);
    // It may have changed before anybody listened.
    read();
    return () => removeEventListener('popstate', read);
  }, []);
  return useMemo(() => addressIn(text), [text]);
}

/** The address of the same page with other things shown. */
export function changed(query: URLSearchParams, changes: Changes): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const each of typeof value === 'string' ? [value] : (value ?? []))
      if (each !== '') next.append(name, each);
  }
  const text = next.toString();
  const { path } = addressIn(addressText());
  return text === '' ? path : `${path}?${text}`;
}

/** `replace`: a change that the back button shall pass over, as a filter that is being typed. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', hrefOf(address));
  else history.replaceState(null, '', hrefOf(address));
  dispatchEvent(new PopStateEvent('popstate'));
}

/** Of a link to a view. A plain click changes the view; any other, as one for a new tab, is the browser's. */
export const linkTo = (
  address: string,
): { readonly href: string; readonly onClick: (event: MouseEvent) => void } => ({
  href: hrefOf(address),
  onClick: (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(address);
  },
});
