import type { RunSummary } from '../../runner/project.ts';
import { sharedCacheText } from '../../runner/report/shared-cache-text.ts';

/** What was fetched and uploaded; empty where nothing was. */
export function sharedCacheLine({ sharedCache }: RunSummary): string {
  const text = sharedCache && sharedCacheText(sharedCache);
  return text === undefined ? '' : `  ${text}\n`;
}
