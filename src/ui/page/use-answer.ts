import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { QuestionAnswer } from '../api.ts';
import { port } from './port/data-port.ts';
import { serverPort } from './port/server-port.ts';

/** An answer, or why there is none; the last answer is kept while the next one loads. */
export interface Answered<T> {
  readonly answer: T | undefined;
  readonly problem: string | undefined;
  readonly isLoading: boolean;
  readonly again: () => void;
}

/** Queries the server, or the report. Undefined: no request. */
export function useAnswer<T>(address: string | undefined): Answered<T> {
  const [state, setState] = useState<Omit<Answered<T>, 'again'>>({
    answer: undefined,
    problem: undefined,
    isLoading: address !== undefined,
  });
  const [requests, setRequests] = useState(0);
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
    port.answer<T>(address, gone.signal).then(
      (answer) => setState({ answer, problem: undefined, isLoading: false }),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        setState({ answer: undefined, problem: problemOf(error), isLoading: false });
      },
    );
    return () => gone.abort();
  }, [address, requests]);
  const again = useCallback(() => setRequests((count) => count + 1), []);
  return { ...state, again };
}

/** Lets a model answer, until the signal aborts. */
export async function askModel(
  question: { readonly instance: string; readonly question: string; readonly as: string },
  signal: AbortSignal,
): Promise<
  | { readonly kind: 'answered'; readonly answer: QuestionAnswer }
  | { readonly kind: 'failed'; readonly problem: string }
> {
  try {
    const answer = await serverPort<QuestionAnswer>('/ask', signal, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
    });
    return { kind: 'answered', answer };
  } catch (error) {
    return { kind: 'failed', problem: problemOf(error) };
  }
}

const problemOf = (error: unknown): string =>
  error instanceof TypeError
    ? 'the server does not answer: is `pipeline ui` still running?'
    : error instanceof Error
      ? error.message
      : String(error);
