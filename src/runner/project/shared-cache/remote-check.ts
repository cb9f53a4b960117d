import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { RemoteCheck } from '../../answers/shared-cache.ts';
import { checkStorage } from '../../cache/remote/check-storage.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import { noSharedCache, sharedCache } from './shared-source.ts';

/** Whether the shared cache that is set can be used from here, and if not, why. */
export async function remoteCheck(
  opened: Opened,
  { plan }: Planned,
  signal: AbortSignal,
): Promise<Result<RemoteCheck, Problem>> {
  const shared = await sharedCache(opened, plan);
  if (!shared.ok) return shared;
  if (shared.value === undefined) return noSharedCache();
  const { storage, settings } = shared.value;
  const { rules, own, notices } = settings;
  const trusted = rules.trust.length;
  const configured = [
    {
      step: 'settings',
      ok: notices.length === 0,
      message:
        notices.length > 0
          ? notices.join('; ')
          : `project ${JSON.stringify(rules.project)}, ${trusted} trusted, reading is ` +
            `${rules.read ? 'on' : 'off'}, writing is ${rules.signing === undefined ? 'off' : 'on'}`,
      milliseconds: 0,
    },
    {
      step: 'key',
      ok: true,
      message:
        own === undefined
          ? 'none: nothing can be uploaded from here (create one with `pipeline key --new`)'
          : `${own.signer}${rules.trust.includes(own.signer) ? '' : ', which cache.trust does not list'}`,
      milliseconds: 0,
    },
  ];
  const steps = await checkStorage(storage, rules.signing, signal);
  return { ok: true, value: { remote: storage.name, steps: [...configured, ...steps] } };
}
