import type { RefusalAnswer } from '../../api.ts';

/** Sends requests to the server of the page. */
export async function serverPort<T>(
  address: string,
  signal?: AbortSignal,
  how: RequestInit = {},
): Promise<T> {
  const response = await fetch(address, signal === undefined ? how : { ...how, signal });
  if (!response.ok) {
    const refusal: RefusalAnswer = await response.json();
    throw new Error(refusal.problem);
  }
  const answer: T = await response.json();
  return answer;
}
