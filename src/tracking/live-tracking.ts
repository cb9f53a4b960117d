import type { Event, ModelResults } from '../runner/project.ts';
import type { StageMessage } from '../stage/message.ts';
import type { Exporter } from './exporter.ts';
import { flatParams } from './flat-params.ts';
import { type ExportPlace, openExporter } from './open-exporter.ts';
import { type LivePoint, readTrackerRun, runId, type TrackerRun } from './tracker-run.ts';

interface LiveTrackingRequest {
  readonly root: string;
  readonly places: readonly ExportPlace[];
  /** The instances that leave a model: each is a run of a tracker. */
  readonly models: ReadonlySet<string>;
  /** Called once for each destination that fails; nothing more is sent there. */
  readonly onWarning: (text: string) => void;
  /** How long points are gathered before they are sent, in milliseconds. */
  readonly interval?: number;
}

export interface LiveTracking {
  /** Takes an event of a run; sends nothing itself. */
  take(event: Event): void;
  /** Sends the collected data, then all models in their final state. */
  finish(models: readonly ModelResults[]): Promise<void>;
}

/**
 * Shows the models of a run in trackers while it runs. A tracker that fails costs a warning, never the run.
 */
export async function liveTracking({
  root,
  places,
  models,
  onWarning,
  interval = 5000,
}: LiveTrackingRequest): Promise<LiveTracking> {
  const trackers: Tracker[] = [];
  for (const place of places) {
    const opened = await openExporter(place);
    if (opened.ok) trackers.push({ place, exporter: opened.value, hasFailed: false });
    else onWarning(failureText(place, opened.error));
  }
  const running = new Map<string, RunningModel>();
  let group: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();

  async function attempt(
    tracker: Tracker,
    send: () => Promise<{ readonly ok: boolean; readonly error?: string }>,
  ) {
    if (tracker.hasFailed) return;
    const sent = await send().catch((error: unknown) => ({ ok: false, error: String(error) }));
    if (sent.ok) return;
    tracker.hasFailed = true;
    onWarning(failureText(tracker.place, sent.error ?? 'it failed'));
  }

  async function flush(): Promise<void> {
    for (const model of running.values()) {
      const points = model.waiting.splice(0);
      if (points.length === 0) continue;
      for (const tracker of trackers) {
        const { append } = tracker.exporter;
        if (append !== undefined) await attempt(tracker, () => append(model.run, points));
      }
    }
  }
  const flushLater = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      sending = sending.then(flush);
    }, interval);
    timer.unref();
  };

  return {
    take(event) {
      if (event.kind === 'run-started') group = event.run;
      if (event.kind === 'started' && models.has(event.instance)) {
        running.set(event.instance, { run: startedRun(event, group), waiting: [] });
      } else if (event.kind === 'message') {
        const model = running.get(event.instance);
        const points = pointsIn(event.message, event.at);
        if (model === undefined || points.length === 0) return;
        model.waiting.push(...points);
        flushLater();
      }
    },
    async finish(results) {
      clearTimeout(timer);
      timer = undefined;
      await (sending = sending.then(flush));
      running.clear();
      if (trackers.every(({ hasFailed }) => hasFailed)) return;
      for (const result of results) {
        const { run, warnings } = await readTrackerRun(root, result);
        for (const warning of warnings) onWarning(warning);
        for (const tracker of trackers) await attempt(tracker, () => tracker.exporter.write(run));
      }
    },
  };
}

interface Tracker {
  readonly place: ExportPlace;
  readonly exporter: Exporter;
  hasFailed: boolean;
}

interface RunningModel {
  /** Without points: the data known at its start. */
  readonly run: TrackerRun;
  readonly waiting: LivePoint[];
}

const pointsIn = (message: StageMessage, at: number): readonly LivePoint[] =>
  message.kind === 'metric'
    ? Object.entries(message.values).map(([name, value]) => ({ name, step: message.step, value, at }))
    : [];

const startedRun = (
  { instance, key, at, params = {} }: Extract<Event, { readonly kind: 'started' }>,
  group: string | undefined,
): TrackerRun => ({
  id: runId(key),
  name: instance,
  key,
  group,
  startedAt: at,
  finishedAt: undefined,
  device: undefined,
  params: flatParams(params),
  series: {},
  metrics: [],
  predictions: [],
  samples: [],
});

const failureText = ({ format, destination }: ExportPlace, error: string): string =>
  `tracking: ${format} ${destination}: ${error} (nothing more of this run is sent there; \`pipeline ` +
  `export ${format} ${destination}\` sends it later)`;
