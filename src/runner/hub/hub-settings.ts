import { join, resolve } from 'node:path';
import { type ProxySettings, proxySettings } from '../../network/proxy-settings.ts';

/** The address of the hub, how it is reached, and where fetched files are kept. */
export interface HubSettings {
  /** Shared by all projects of this user. */
  readonly cacheFolder: string;
  /** "https://huggingface.co", or a mirror that answers like it. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The network must not be used. */
  readonly offline: boolean;
  readonly proxy: ProxySettings | undefined;
  /** Whether large files may be uploaded by Xet, if the hub supports it. */
  readonly xet: boolean;
  /**
   * Minimum speed in bytes per second, below which a connection is closed; 0: none; NaN: the setting is not a
   * number.
   */
  readonly leastSpeed: number;
  /** Seconds that fetching a model may take; 0: no limit; NaN: the setting is not a number. */
  readonly totalTime: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings by the variables that the Hugging Face tools read (huggingface_hub 1.x, "Environment
 * variables") and the proxy variables that curl reads. Ours is a folder of its own: that of huggingface_hub
 * is made of symbolic links, which a dep's content would have to follow.
 */
export function hubSettings(environment: Environment, home: string): HubSettings {
  const value = (...names: readonly string[]): string | undefined =>
    names.map((name) => environment[name]?.trim()).find((text) => text !== undefined && text !== '');
  return {
    cacheFolder: resolve(
      value('HF_HOME', 'XDG_CACHE_HOME') ?? join(home, '.cache'),
      'medical-qa-pipeline',
      'hub',
    ),
    endpoint: (value('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, ''),
    token: value('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'),
    offline: isOn(value('HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE')),
    proxy: proxySettings(environment),
    xet: !isOn(value('HF_HUB_DISABLE_XET')),
    leastSpeed: amount(value('PIPELINE_HUB_LEAST_SPEED') ?? '1000'),
    totalTime: amount(value('PIPELINE_HUB_TOTAL_TIME') ?? '86400'),
  };
}

const isOn = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text ?? '');

const amount = (text: string): number => (/^\d{1,12}$/.test(text) ? Number(text) : Number.NaN);
