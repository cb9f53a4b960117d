import { useEffect, useRef } from 'preact/hooks';
import { awaitedText } from '../../../runner/report/awaited-text.ts';
import type { GraphAnswer, GraphInstance } from '../../api.ts';
import { changed, go } from '../address.ts';
import {
  awaitedEdges,
  graphLayout,
  related,
  type ShownStage,
  shownStages,
  type StageBox,
} from '../charts/graph-layout.ts';
import { InstancePanel } from './instance-panel.tsx';
import { Command, Counts, Empty, PageHead, signOf, stateText, Waiting } from '../parts.tsx';
import { countsByState } from '../run-state.ts';
import { useAnswer } from '../use-answer.ts';
import { changesStates, useLive } from '../use-live.ts';

/** The stages and their instances: what depends on what, and the state of each. */
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
        <Command command="status" />
      </PageHead>
      <Waiting problem={problem} isLoading={isLoading && answer === undefined} />
      {answer !== undefined && (
        <>
          <div class="bar">
            <Counts counts={countsByState(answer.stages.flatMap(({ instances }) => instances))} />
            {answer.awaited.length > 0 && <span class="muted">{awaitedText(answer.awaited)}</span>}
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
  const near = open === null ? undefined : related(open, [...graph.edges, ...awaitedEdges(graph.awaited)]);
  const stageOf = new Map(shownStages(graph).map((stage) => [stage.stage, stage]));
  const isNear = (name: string): boolean => {
    const { instances = [], awaited = [] } = stageOf.get(name) ?? {};
    return (
      near === undefined ||
      instances.some(({ instance }) => near.has(instance)) ||
      awaited.some((each) => near.has(each.name))
    );
  };
  return (
    <div class="graph" tabIndex={0} role="region" aria-label="Stages and instances">
      <div class="drawing" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.lines.map(({ from, to, path, isAwaited }) => (
            <path
              key={path}
              d={path}
              class={`${isAwaited ? 'awaited' : ''} ${isNear(from) && isNear(to) ? '' : 'faint'}`}
            />
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
  readonly stage: ShownStage;
  readonly near: ReadonlySet<string> | undefined;
  readonly open: string | null;
  readonly onOpen: (instance: string) => void;
}) {
  const { box, stage, near } = props;
  const { x, y, width, height } = box;
  return (
    <section
      class={[
        'stage',
        box.isList ? '' : 'squares',
        stage.instances.length === 0 && stage.awaited.length > 0 ? 'awaited' : '',
      ].join(' ')}
      style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }}
      aria-label={stage.stage}
    >
      <h2>
        <span class="name">{stage.stage}</span>
        {stage.instances.some(({ frozen }) => frozen) && (
          <span class="frozen muted" title="Does not run: its last results are used, whatever changed since">
            <span aria-hidden="true">❄ </span>frozen
          </span>
        )}
        {(stage.instances.length > 0 || stage.awaited.length === 0) && (
          <span class="muted">{stage.instances.length}</span>
        )}
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
            title={tooltip(instance)}
            aria-label={`${instance.instance}: ${stateText(instance.state)}`}
            onClick={() => props.onOpen(instance.instance)}
          >
            <span aria-hidden="true">{signOf(instance.state)}</span>
            {box.isList && <span class="label">{labelIn(instance.instance, stage.stage)}</span>}
          </button>
        ))}
        {stage.awaited.map(({ name, after }) => (
          <div key={name} class="member awaited" title={`${name}: known after ${after.join(', ')}`}>
            <span aria-hidden="true">…</span>
            {box.isList && (
              <span class="label" aria-hidden="true">
                {name === stage.stage ? '' : `${labelIn(name, stage.stage)}: `}known after {after.join(', ')}
              </span>
            )}
            <span class="hidden-text">{`${name}: known after ${after.join(', ')}`}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

/** Below the name of its stage, the labels alone. */
const labelIn = (instance: string, stage: string): string =>
  instance.startsWith(`${stage}[`) ? instance.slice(stage.length + 1, -1).replaceAll(',', ', ') : instance;

const tooltip = ({ instance, state, because, after, fault }: GraphInstance): string =>
  [
    `${instance}: ${stateText(state)}`,
    ...because,
    ...(after.length > 0 ? [`waits for ${after.join(', ')}`] : []),
    ...(fault === undefined ? [] : [fault]),
  ].join('\n');
