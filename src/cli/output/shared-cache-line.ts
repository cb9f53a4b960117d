import type { RunSummary } from '../../runner/project.ts';
import { sharedCacheText } from '../../runner/report/shared-cache-text.ts';

/** What was fetched and uploaded; empty where there is nothing to say. */
export function sharedCacheLine({ sharedCache }: RunSummary): string {
  const text = sharedCache && sharedCacheText(sharedCache);
  return text === undefined ? '' : `  ${text}\n`;
}
