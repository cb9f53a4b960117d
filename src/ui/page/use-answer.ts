import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { RefusalAnswer } from '../api.ts';

/** An answer of the server, or why there is none; the last answer stays while the next is on its way. */
export interface Answered<T> {
  readonly answer: T | undefined;
  readonly problem: string | undefined;
  readonly isLoading: boolean;
  readonly again: () => void;
}

/** Asks the server. Undefined: nothing. */
export function useAnswer<T>(address: string | undefined): Answered<T> {
  const [state, setState] = useState<Omit<Answered<T>, 'again'>>({
    answer: undefined,
    problem: undefined,
    isLoading: address !== undefined,
  });
  const [asked, setAsked] = useState(0);
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (address === undefined) {
      setState({ answer: undefined, problem: undefined, isLoading: false });
      return undefined;
    }
    const gone = new AbortController();
    const isSamePlace = last.current?.split('?')[0] === address.split('?')[0];
    last.current = address;
    setState(({ answer, problem }) => ({
      answer: isSamePlace ? answer : undefined,
      problem: isSamePlace ? problem : undefined,
      isLoading: true,
    }));
    ask<T>(address, gone.signal).then(
      (answer) => setState({ answer, problem: undefined, isLoading: false }),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        setState({ answer: undefined, problem: problemOf(error), isLoading: false });
      },
    );
    return () => gone.abort();
  }, [address, asked]);
  const again = useCallback(() => setAsked((count) => count + 1), []);
  return { ...state, again };
}

/** The error of an answer that the server refuses holds its reason. */
export async function ask<T>(address: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(address, signal === undefined ? {} : { signal });
  if (!response.ok) {
    const refusal: RefusalAnswer = await response.json();
    throw new Error(refusal.problem);
  }
  const answer: T = await response.json();
  return answer;
}

const problemOf = (error: unknown): string =>
  error instanceof TypeError
    ? 'the server does not answer: is `pipeline ui` still running?'
    : error instanceof Error
      ? error.message
      : String(error);
