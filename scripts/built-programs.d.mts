import type { BuildOptions } from 'esbuild';

/** The options of esbuild for each program; `entryPoints` name their sources from the repository root. */
export function builtPrograms(
  root: string,
  outdir: string,
): Readonly<Record<'main' | 'stageChild' | 'askChild' | 'supervisor' | 'jobWrapper', BuildOptions>>;

/** The options of esbuild for the files of the local page. */
export function builtPage(root: string, outdir: string): BuildOptions;

/** Files that are copied beside them unchanged. */
export const pageFiles: readonly string[];
