import type { changed } from '../../address.ts';

/** Changes the query of the page, and goes back to the first page of rows. */
export type ChangeView = (changes: Parameters<typeof changed>[1], how?: 'push' | 'replace') => void;
