import type { Problem } from '../../../runner/project.ts';

/** Why a route has no answer: the project has a problem, or the requested item does not exist. */
export type Refusal = Problem | { readonly kind: 'unknown'; readonly message: string };
