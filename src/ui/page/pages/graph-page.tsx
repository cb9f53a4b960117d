import { useEffect, useRef } from 'preact/hooks';
import type { GraphAnswer, GraphInstance, GraphStage } from '../../api.ts';
import { changed, go } from '../address.ts';
import { graphLayout, related, type StageBox } from '../charts/graph-layout.ts';
import { InstancePanel } from './instance-panel.tsx';
import { Command, Counts, Empty, PageHead, signOf, stateText, Waiting } from '../parts.tsx';
import { countsByState } from '../run-state.ts';
import { useAnswer } from '../use-answer.ts';
import { changesStates, useLive } from '../use-live.ts';

/** The stages and their instances: what depends on what, and where each stands. */
export function GraphPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading, again } = useAnswer<GraphAnswer>('/api/graph');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive((events) => {
    if (!events.some(changesStates) || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      again();
    }, 500);
  });
  const open = query.get('instance');
  const close = (): void => go(changed(query, { instance: undefined }));
  return (
    <>
      <PageHead title="Graph" text="Dependencies and the state of each instance">
        <Command text="pipeline status" />
      </PageHead>
      <Waiting problem={problem} isLoading={isLoading && answer === undefined} />
      {answer !== undefined && (
        <>
          <div class="bar">
            <Counts counts={countsByState(answer.stages.flatMap(({ instances }) => instances))} />
          </div>
          {answer.stages.length === 0 && <Empty>The pipeline file has no stages.</Empty>}
          <div class={open === null ? 'split' : 'split open'}>
            <Drawing
              graph={answer}
              open={open}
              onOpen={(instance) =>
                go(changed(query, { instance: instance === open ? undefined : instance }))
              }
            />
            {open !== null && <InstancePanel name={open} onClose={close} />}
          </div>
        </>
      )}
    </>
  );
}

function Drawing(props: {
  readonly graph: GraphAnswer;
  readonly open: string | null;
  readonly onOpen: (instance: string) => void;
}) {
  const { graph, open } = props;
  const layout = graphLayout(graph);
  const near = open === null ? undefined : related(open, graph.edges);
  const stageOf = new Map(graph.stages.map((stage) => [stage.stage, stage]));
  const isNear = (stage: string): boolean =>
    near === undefined || (stageOf.get(stage)?.instances ?? []).some(({ instance }) => near.has(instance));
  return (
    <div class="graph" tabIndex={0} role="region" aria-label="Stages and instances">
      <div class="drawing" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.lines.map(({ from, to, path }) => (
            <path key={path} d={path} class={isNear(from) && isNear(to) ? '' : 'faint'} />
          ))}
        </svg>
        {layout.boxes.map((box) => {
          const stage = stageOf.get(box.stage);
          return (
            stage !== undefined && (
              <StageCard
                key={box.stage}
                box={box}
                stage={stage}
                near={near}
                open={open}
                onOpen={props.onOpen}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function StageCard(props: {
  readonly box: StageBox;
  readonly stage: GraphStage;
  readonly near: ReadonlySet<string> | undefined;
  readonly open: string | null;
  readonly onOpen: (instance: string) => void;
}) {
  const { box, stage, near } = props;
  const { x, y, width, height } = box;
  return (
    <section
      class={box.isList ? 'stage' : 'stage squares'}
      style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }}
      aria-label={stage.stage}
    >
      <h2>
        <span class="name">{stage.stage}</span>
        <span class="muted">{stage.instances.length}</span>
      </h2>
      <p class="muted" title={stage.description}>
        {stage.description}
      </p>
      <div class="members">
        {stage.instances.map((instance) => (
          <button
            key={instance.instance}
            type="button"
            class={[
              'member',
              `state-${instance.state}`,
              near?.has(instance.instance) === false ? 'faint' : '',
              props.open === instance.instance ? 'chosen' : '',
            ].join(' ')}
            aria-pressed={props.open === instance.instance}
            title={tip(instance)}
            aria-label={`${instance.instance}: ${stateText(instance.state)}`}
            onClick={() => props.onOpen(instance.instance)}
          >
            <span aria-hidden="true">{signOf(instance.state)}</span>
            {box.isList && <span class="label">{labelIn(instance.instance, stage.stage)}</span>}
          </button>
        ))}
      </div>
    </section>
  );
}

/** Below the name of its stage, the labels alone. */
const labelIn = (instance: string, stage: string): string =>
  instance.startsWith(`${stage}[`) ? instance.slice(stage.length + 1, -1).replaceAll(',', ', ') : instance;

const tip = ({ instance, state, because, after, fault }: GraphInstance): string =>
  [
    `${instance}: ${stateText(state)}`,
    ...because,
    ...(after.length > 0 ? [`waits for ${after.join(', ')}`] : []),
    ...(fault === undefined ? [] : [fault]),
  ].join('\n');
