import type { Event, Project } from '../runner/project.ts';
import type { LiveTracking } from '../tracking/live-tracking.ts';
import { openScreen } from './output/screen.ts';

/** Shows runs in the trackers that the project names. */
interface RunTracking {
  take(event: Event): void;
  /** `run`: its name; undefined: it was stopped, and only the collected data is sent. */
  finish(run: string | undefined): Promise<void>;
}

/** Nothing is loaded before an instance starts, and no tracker unless one is configured. */
export function runTracking(project: Project): RunTracking {
  let opening: Promise<LiveTracking | undefined> | undefined;
  let waiting: Event[] = [];
  async function passOn(): Promise<LiveTracking | undefined> {
    opening ??= openTracking(project);
    const live = await opening;
    for (const event of waiting.splice(0)) live?.take(event);
    return live;
  }
  return {
    take(event) {
      if (event.kind === 'output') return;
      if (event.kind === 'run-started') waiting = [];
      // What lists gave may be models too.
      if (event.kind === 'planned-again') opening = undefined;
      waiting.push(event);
      if (opening !== undefined || event.kind === 'started') void passOn();
    },
    async finish(run) {
      const live = await passOn();
      // The next run of a watch may have other trackers.
      opening = undefined;
      if (live === undefined) return;
      const models = run === undefined ? undefined : await project.models(run);
      if (models?.ok === false) return warn('tracking: cannot read the models of the run');
      await live.finish(models?.value ?? []);
    },
  };
}

/** Shows nothing anywhere. */
export const noTracking: RunTracking = { take: () => undefined, finish: async () => undefined };

async function openTracking(project: Project): Promise<LiveTracking | undefined> {
  const settings = await project.tracking();
  if (!settings.ok || settings.value.trackers.length === 0) return undefined;
  const { pipeline, models, trackers } = settings.value;
  const { resolve } = await import('node:path');
  const { liveTracking } = await import('../tracking/live-tracking.ts');
  return liveTracking({
    root: project.root,
    models: new Set(models),
    onWarning: warn,
    places: trackers.map(({ format, destination }) => ({
      format,
      destination: format === 'mlflow' ? destination : resolve(project.root, destination),
      pipeline,
      environment: process.env,
    })),
  });
}

const warn = (text: string): void => openScreen().write(`warning: ${text}\n`);
