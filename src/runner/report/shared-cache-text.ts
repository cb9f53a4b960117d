import type { SharedCacheReport, Transferred } from '../answers/shared-cache.ts';
import { quotedCommand, type TypedPipeline } from '../wording/command-text.ts';
import { pluralize } from '../wording/pluralize.ts';
import { sizeText } from '../wording/size-text.ts';

/** What a run fetched from the shared cache, uploaded to it, and could not use; undefined: nothing. */
export function sharedCacheText(report: SharedCacheReport, typed: TypedPipeline): string | undefined {
  const { remote, fetched, uploaded, absent, untrusted, refused, incomplete, partial, unanswered } = report;
  const { notUploaded, uploadFault, refreshed } = report;
  const parts = [
    ...(fetched.results > 0 ? [`${transferredText(fetched)} fetched`] : []),
    ...(uploaded.results > 0 ? [`${transferredText(uploaded)} uploaded`] : []),
    ...(refreshed > 0 ? [`${pluralize(refreshed, 'older result')} renewed`] : []),
    ...(absent > 0 ? [`${absent} not in the shared cache`] : []),
    ...(partial > 0
      ? [`${pluralize(partial, 'result')} without files in the shared cache (push: false)`]
      : []),
    ...(untrusted > 0 ? [`${untrusted} ignored, signed by keys that are not trusted`] : []),
    ...(refused > 0 ? [`${refused} refused, the signature or the entry is invalid`] : []),
    ...(incomplete > 0 ? [`${incomplete} refused, objects are missing or damaged`] : []),
    ...(unanswered > 0 ? [`${pluralize(unanswered, 'lookup')} unanswered`] : []),
    ...(notUploaded > 0
      ? [
          `${notUploaded} not uploaded${uploadFault === undefined ? '' : `: ${uploadFault}`} ` +
            `(${quotedCommand(typed, 'push')} tries again)`,
        ]
      : []),
  ];
  return parts.length === 0 ? undefined : `shared cache ${remote}: ${parts.join('; ')}`;
}

const transferredText = ({ results, objects, bytes }: Transferred): string =>
  `${pluralize(results, 'result')} (${pluralize(objects, 'object')}, ${sizeText(bytes)})`;
