import type { Problem } from '../../../runner/project.ts';

/** Why a route has no answer: the project has a problem, or what was asked for is not there. */
export type Refusal = Problem | { readonly kind: 'unknown'; readonly message: string };
