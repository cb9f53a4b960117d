import type { RunSummary } from '../../runner/project.ts';
import type { TypedPipeline } from '../../runner/wording/command-text.ts';
import { sharedCacheText } from '../../runner/report/shared-cache-text.ts';

/** What was fetched and uploaded; empty where nothing was. */
export function sharedCacheLine({ sharedCache }: RunSummary, typed: TypedPipeline): string {
  const text = sharedCache && sharedCacheText(sharedCache, typed);
  return text === undefined ? '' : `  ${text}\n`;
}
