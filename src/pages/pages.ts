/**
 * The pages, in the order of the navigation. A page's content depends only on its query, so each view has an
 * address.
 */
export const pages = [
  { path: '/runs', title: 'Runs' },
  { path: '/graph', title: 'Graph' },
  { path: '/experiments', title: 'Experiments' },
  { path: '/curves', title: 'Curves' },
  { path: '/answers', title: 'Answers' },
  { path: '/ask', title: 'Ask' },
  { path: '/samples', title: 'Samples' },
  { path: '/data', title: 'Data' },
] as const;

export type PagePath = (typeof pages)[number]['path'];
