import { useEffect, useState } from 'preact/hooks';

/** What the address bar says: which page, and what it shows. */
export interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Undefined or empty: without it. */
export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

const readAddress = (): Address => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
});

/** The address, and the component drawn again when it changes. */
export function useAddress(): Address {
  const [address, setAddress] = useState(readAddress);
  useEffect(() => {
    const read = (): void => setAddress(readAddress());
    addEventListener('popstate', read);
    return () => removeEventListener('popstate', read);
  }, []);
  return address;
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
  return text === '' ? location.pathname : `${location.pathname}?${text}`;
}

/** `replace`: a change that the back button shall pass over, as a filter that is being typed. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** A plain click changes the view; any other, as one for a new tab, is left to the browser. */
export const followed =
  (href: string) =>
  (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
