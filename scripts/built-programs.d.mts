import type { BuildOptions } from 'esbuild';

/** The options of esbuild for each program; `entryPoints` name their sources from the repository root. */
export function builtPrograms(
  root: string,
  outdir: string,
): Readonly<Record<'main' | 'stageChild' | 'supervisor', BuildOptions>>;
