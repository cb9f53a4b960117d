import { useEffect, useRef, useState } from 'preact/hooks';
import type { CurveAnswer } from '../../../../pages/result-answers.ts';
import { afterEvents } from '../../charts/curve-lines.ts';
import { port } from '../../port/data-port.ts';
import { useLive } from '../../use-live.ts';

export interface LoadedCurve {
  readonly instance: string;
  /** The requested run; undefined: the last. */
  readonly run: string | undefined;
  readonly curve: CurveAnswer;
}

interface CurveQuery {
  readonly instance: string;
  readonly run: string | undefined;
}

/** The curves of instances, with live values while they run. */
export function useCurves(requested: readonly CurveQuery[]): {
  readonly curves: readonly LoadedCurve[];
  readonly problem: string | undefined;
} {
  const [known, setKnown] = useState<ReadonlyMap<string, LoadedCurve>>(new Map());
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [restarted, setRestarted] = useState(0);
  const loading = useRef(new Set<string>());
  const addresses = requested.map(({ instance, run }) => addressOf(instance, run));
  useEffect(() => {
    for (const [index, address] of addresses.entries()) {
      const one = requested[index];
      if (one === undefined || loading.current.has(address)) continue;
      loading.current.add(address);
      port
        .answer<CurveAnswer>(address)
        .then((curve) => setKnown((before) => new Map(before).set(address, { ...one, curve })))
        .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
    }
  }, [addresses.join(' '), restarted]);
  useLive((events) => {
    for (const { instance, run } of requested) {
      const own = events.filter(({ event }) => 'instance' in event && event.instance === instance);
      const address = addressOf(instance, run);
      const before = known.get(address);
      if (run !== undefined || own.length === 0 || before === undefined) continue;
      // A new run has a curve of its own.
      if (own.some((event) => event.event.kind === 'started' || event.run !== before.curve.run)) {
        loading.current.delete(address);
        setRestarted((count) => count + 1);
      } else
        setKnown((all) => new Map(all).set(address, { ...before, curve: afterEvents(before.curve, own) }));
    }
  });
  return { curves: addresses.flatMap((address) => known.get(address) ?? []), problem };
}

const addressOf = (instance: string, run: string | undefined): string =>
  `/api/curve?name=${encodeURIComponent(instance)}` +
  (run === undefined ? '' : `&run=${encodeURIComponent(run)}`);
