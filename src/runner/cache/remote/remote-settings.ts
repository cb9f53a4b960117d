import { hostname } from 'node:os';
import type { Result } from '../../../result.ts';
import type { SharedCacheFields } from '../../pipeline-file/pipeline.ts';
import { isHostName, parseSigner, type Signer, type SigningKey } from './signed-entry.ts';
import { keyPlace, readSigningKey } from './signing-key.ts';
import type { RemoteRules } from './remote-source.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the shared cache is, and what of it may be used from here. */
export interface RemoteSettings {
  readonly address: string;
  readonly rules: RemoteRules;
  /** With which results are signed that are uploaded by hand. */
  readonly own: SigningKey | undefined;
  /** Settings that cannot be used, in a few words each. */
  readonly notices: readonly string[];
}

/**
 * The settings of the shared cache: variables go before machine files, these before the pipeline file. Whom
 * to trust is for the pipeline file alone, which is committed and reviewed. Undefined: no shared cache.
 */
export function remoteSettings(
  pipeline: { readonly name: string; readonly cache: SharedCacheFields | undefined },
  machine: readonly (SharedCacheFields | undefined)[],
  environment: Environment,
  home: string,
): Result<RemoteSettings | undefined> {
  const variables = fieldsOf(environment);
  if (!variables.ok) return variables;
  const fields = [variables.value, ...machine, pipeline.cache];
  const first = <K extends keyof SharedCacheFields>(name: K): SharedCacheFields[K] | undefined =>
    fields.map((some) => some?.[name]).find((value) => value !== undefined);
  const address = first('remote');
  if (address === undefined) return { ok: true, value: undefined };
  const key = readSigningKey(keyPlace(environment, home));
  const own = key.ok ? key.value : undefined;
  const wantsWrite = first('write') ?? false;
  const trust = trusted(pipeline.cache?.trust, own?.signer);
  const notices = [
    ...(key.ok ? [] : [key.error]),
    ...(key.ok && own === undefined && wantsWrite
      ? ['nothing is uploaded: there is no private key (create one with `pipeline key --new`)']
      : []),
    ...(trust.length === 0
      ? [
          'nothing is read: no key is trusted (list public keys under cache.trust, or create a key ' +
            'of your own with `pipeline key --new`)',
        ]
      : []),
  ];
  const host = hostname();
  return {
    ok: true,
    value: {
      address,
      rules: {
        project: pipeline.cache?.project ?? pipeline.name,
        trust,
        read: (first('read') ?? true) && trust.length > 0,
        signing: wantsWrite ? own : undefined,
        host: isHostName(host) ? host : 'unknown',
      },
      own,
      notices,
    },
  };
}

/** Without a list one trusts oneself. */
const trusted = (listed: readonly string[] | undefined, own: Signer | undefined): readonly Signer[] =>
  listed === undefined ? (own === undefined ? [] : [own]) : listed.flatMap((text) => parseSigner(text) ?? []);

/** `PIPELINE_CACHE_REMOTE`, `PIPELINE_CACHE_READ`, `PIPELINE_CACHE_WRITE`. */
function fieldsOf(environment: Environment): Result<SharedCacheFields> {
  const value = (name: string): string | undefined => {
    const text = environment[name]?.trim() ?? '';
    return text === '' ? undefined : text;
  };
  const read = flagIn(value('PIPELINE_CACHE_READ'));
  const write = flagIn(value('PIPELINE_CACHE_WRITE'));
  const remote = value('PIPELINE_CACHE_REMOTE');
  if (read === 'wrong') return wrongVariable('PIPELINE_CACHE_READ', 'true or false');
  if (write === 'wrong') return wrongVariable('PIPELINE_CACHE_WRITE', 'true or false');
  if (remote !== undefined && !/^(s3:\/\/[a-z0-9]|file:\/\/\/)/.test(remote))
    return wrongVariable('PIPELINE_CACHE_REMOTE', 's3://bucket/prefix or file:///folder');
  return { ok: true, value: { remote, read, write } };
}

function flagIn(text: string | undefined): boolean | undefined | 'wrong' {
  if (text === undefined) return undefined;
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : 'wrong';
}

const wrongVariable = (name: string, expected: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: `the environment variable ${name} is not ${expected}`,
});
