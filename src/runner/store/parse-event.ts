import { isJsonObject, parseJson } from '../../files/json.ts';

/** What every stored event has, and what its metrics may hold. */
interface AnyEvent {
  readonly kind: string;
  readonly message?: { readonly kind: string; readonly values?: Readonly<Record<string, unknown>> };
}

/**
 * An event as the log wrote it; undefined where the row is damaged. JSON has only texts for NaN and
 * infinities, which are numbers again here.
 */
export function parseEvent<Event extends { readonly kind: string }>(body: string): Event | undefined {
  const parsed = parseJson(body, '');
  if (!parsed.ok || !isJsonObject(parsed.value) || typeof parsed.value['kind'] !== 'string') return undefined;
  const event: Event & AnyEvent = JSON.parse(body);
  const { message } = event;
  if (event.kind !== 'message' || message?.kind !== 'metric') return event;
  const values = Object.entries(message.values ?? {}).map(([name, value]) => [name, Number(value)]);
  return { ...event, message: { ...message, values: Object.fromEntries(values) } };
}
