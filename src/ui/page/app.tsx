import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ProjectAnswer } from '../api.ts';
import { type PagePath, pages } from '../../pages/pages.ts';
import { linkTo, useAddress } from './address.ts';
import { AnswersPage } from './pages/answers/answers-page.tsx';
import { AskPage } from './pages/ask-page.tsx';
import { CurvesPage } from './pages/curves/curves-page.tsx';
import { DataPage } from './pages/data-page.tsx';
import { ExperimentsPage } from './pages/experiments/experiments-page.tsx';
import { GraphPage } from './pages/graph-page.tsx';
import { RunsPage } from './pages/runs-page.tsx';
import { SamplesPage } from './pages/samples-page.tsx';
import { hasPage, port } from './port/data-port.ts';
import { TypedByReader } from './parts.tsx';
import { useAnswer } from './use-answer.ts';
import { useIsConnected } from './use-live.ts';

/** What each page draws from its query. */
const views: Readonly<Record<PagePath, FunctionComponent<{ readonly query: URLSearchParams }>>> = {
  '/runs': RunsPage,
  '/graph': GraphPage,
  '/experiments': ExperimentsPage,
  '/curves': CurvesPage,
  '/answers': AnswersPage,
  '/ask': AskPage,
  '/samples': SamplesPage,
  '/data': DataPage,
};

/** The whole page: the navigation, and the page that the address names. */
export function App() {
  const { path, query } = useAddress();
  const known = pages.filter(({ path: each }) => hasPage(each));
  const page = known.find((each) => each.path === path) ?? known[0] ?? pages[0];
  const { answer: project } = useAnswer<ProjectAnswer>('/api/project');
  const View = views[page.path];
  // Without a usable model, the page to ask one is hidden.
  const isShown = ({ path: other }: (typeof pages)[number]): boolean =>
    other !== '/ask' || project?.hasModels === true || page.path === '/ask';
  useEffect(() => {
    document.title = `${page.title} · ${project?.pipeline ?? 'pipeline'}`;
  }, [page.title, project?.pipeline]);
  return (
    <TypedByReader.Provider value={{ file: project?.file }}>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The address stays that of the view.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <div class="brand">
          <img src={iconAddress} alt="" width="24" height="24" />
          <div>
            <strong>{project?.pipeline ?? 'pipeline'}</strong>
            <span class="muted">{project?.folder}</span>
          </div>
        </div>
        <nav aria-label="Pages">
          {known.filter(isShown).map((each) => (
            <PageLink key={each.path} address={each.path} isCurrent={each.path === page.path}>
              {each.title}
            </PageLink>
          ))}
        </nav>
        <ConnectionState />
      </header>
      <main id="content" tabIndex={-1}>
        {port.notice !== '' && <p class="notice">{port.notice}</p>}
        <View key={page.path} query={query} />
      </main>
    </TypedByReader.Provider>
  );
}

/** In a report the icon is part of the file. */
const iconAddress = document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href;

interface PageLinkProps {
  readonly address: string;
  readonly isCurrent: boolean;
  readonly children: ComponentChildren;
}

function PageLink({ address, isCurrent, children }: PageLinkProps) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // On a narrow screen the navigation scrolls.
    if (isCurrent) link.current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [isCurrent]);
  return (
    <a ref={link} {...linkTo(address)} aria-current={isCurrent ? 'page' : undefined}>
      {children}
    </a>
  );
}

function ConnectionState() {
  const isConnected = useIsConnected();
  return (
    <p class={isConnected ? 'connection' : 'connection lost'} role="status">
      {isConnected ? '' : 'not connected: is `pipeline ui` still running?'}
    </p>
  );
}
