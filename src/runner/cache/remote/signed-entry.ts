import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../../files/canonical-json.ts';
import { type Digest, parseDigest } from '../../../files/digest.ts';
import { isJsonObject, type Json, jsonIn } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import type { Key } from '../../identity.ts';
import { type Content, type Manifest, parseForm } from '../../manifest/manifest.ts';
import { parseManifest } from '../../store/last-results.ts';

declare const brand: unique symbol;

/** The public key of a signer: "ed25519:" and its 32 bytes as hex digits. */
export type Signer = string & { readonly [brand]: 'signer' };

/** The text as a signer; undefined if it does not have the form of one. */
export const parseSigner = (text: string): Signer | undefined => (isSigner(text) ? text : undefined);

const isSigner = (text: string): text is Signer => /^ed25519:[0-9a-f]{64}$/.test(text);

/** The name under which a signer files entries: no letter case, since some file systems have none. */
export const signerFile = (signer: Signer): string => signer.slice('ed25519:'.length);

/** The signer of this machine's entries. */
export interface SigningKey {
  readonly signer: Signer;
  readonly privateKey: KeyObject;
}

/** A signer's statement: this key has these outs. */
export interface SharedEntry {
  readonly project: string;
  readonly key: Key;
  readonly manifest: Manifest;
  readonly outs: Readonly<Record<string, SharedOut>>;
  /** The size of every object that is in the shared cache, by its digest. */
  readonly objects: ReadonlyMap<Digest, number>;
  readonly run: string;
  readonly seconds: number;
  readonly at: number;
  readonly host: string;
}

export interface SharedOut extends Content {
  /** Its bytes stay on the machine that made it: only the digest is shared. */
  readonly withheld: boolean;
}

/** Why a signed text is not a valid entry. */
type Refusal = 'malformed' | 'bad-signature' | 'another-key' | 'another-project';

/** Signed texts begin with this prefix, so that a signature is not valid in any other context. */
const domain = 'medical-qa-pipeline shared cache entry 1';

/** A longer text is rejected: half a million objects fit. */
export const longestEntry = 64 << 20;

/** The canonical JSON of an entry with its Ed25519 signature. */
export function signEntry(entry: SharedEntry, { privateKey }: SigningKey): string {
  const value = entryValue(entry);
  const signature = sign(null, message(entry.project, entry.key, value), privateKey).toString('hex');
  return canonicalJson({ entry: value, signature });
}

/**
 * `signer`: whose entry it must be. Only a text in canonical form counts: there is one text to a signature.
 */
export function readEntry(
  text: string,
  { project, key, signer }: { readonly project: string; readonly key: Key; readonly signer: Signer },
): Result<SharedEntry, Refusal> {
  const document = jsonIn(text);
  if (!isJsonObject(document) || canonicalJson(document) !== text) return refused('malformed');
  const { entry: value, signature } = document;
  if (!isJsonObject(value) || typeof signature !== 'string' || !/^[0-9a-f]{128}$/.test(signature))
    return refused('malformed');
  const { project: itsProject, key: itsKey } = value;
  if (typeof itsProject !== 'string' || typeof itsKey !== 'string') return refused('malformed');
  const signed = message(itsProject, itsKey, value);
  if (!verify(null, signed, publicKeyOf(signer), Buffer.from(signature, 'hex')))
    return refused('bad-signature');
  if (itsProject !== project) return refused('another-project');
  if (itsKey !== key) return refused('another-key');
  const entry = entryOf(value, project, key);
  return entry === undefined ? refused('malformed') : { ok: true, value: entry };
}

const refused = (error: Refusal): { readonly ok: false; readonly error: Refusal } => ({ ok: false, error });

const message = (project: string, key: string, value: Json): Buffer =>
  Buffer.from(`${domain}\n${canonicalJson([project, key, value])}`);

function entryValue({ objects, manifest, outs, ...rest }: SharedEntry): Json {
  return {
    ...rest,
    manifest: JSON.parse(JSON.stringify(manifest)),
    outs: Object.fromEntries(
      Object.entries(outs).map(([name, { form, digest, withheld }]) => [name, { form, digest, withheld }]),
    ),
    objects: Object.fromEntries(objects),
  };
}

function entryOf(value: Readonly<Record<string, Json>>, project: string, key: Key): SharedEntry | undefined {
  const manifest = parseManifest(JSON.stringify(value['manifest'] ?? null));
  const outs = membersOf(value['outs'], sharedOut);
  const objects = membersOf(value['objects'], size);
  const { run, seconds, at, host } = value;
  if (manifest === undefined || outs === undefined || objects === undefined) return undefined;
  if (typeof seconds !== 'number' || !(seconds >= 0)) return undefined;
  if (typeof at !== 'number' || !(at >= 0 && at <= latestDate)) return undefined;
  if (typeof run !== 'string' || !/^[\w-]{1,100}$/.test(run)) return undefined;
  if (typeof host !== 'string' || !isHostName(host)) return undefined;
  const sizes = new Map<Digest, number>();
  for (const [name, bytes] of Object.entries(objects)) {
    const digest = parseDigest(name);
    if (!digest.ok) return undefined;
    sizes.set(digest.value, bytes);
  }
  return { project, key, manifest, outs, objects: sizes, run, seconds, at, host };
}

/** Of a Date, in milliseconds. */
const latestDate = 8.64e15;

/** It is shown on terminals. */
export const isHostName = (text: string): boolean => /^[\w.-]{1,253}$/.test(text);

function membersOf<T>(
  value: Json | undefined,
  of: (member: Json) => T | undefined,
): Readonly<Record<string, T>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const members: [string, T][] = [];
  for (const [name, member] of Object.entries(value)) {
    const read = of(member);
    if (read === undefined) return undefined;
    members.push([name, read]);
  }
  return Object.fromEntries(members);
}

function sharedOut(value: Json): SharedOut | undefined {
  if (!isJsonObject(value)) return undefined;
  const digest = parseDigest(String(value['digest']));
  const form = parseForm(value['form']);
  const withheld = value['withheld'];
  return digest.ok && form !== undefined && typeof withheld === 'boolean'
    ? { form, digest: digest.value, withheld }
    : undefined;
}

const size = (value: Json): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** RFC 8410: the 32 bytes of an Ed25519 key after a fixed prefix of twelve bytes. */
function publicKeyOf(signer: Signer): KeyObject {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytesOf(signer)]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

const bytesOf = (signer: Signer): Buffer => Buffer.from(signerFile(signer), 'hex');

/** The signer of a private key; undefined: it is not an Ed25519 key. */
export function signerOf(privateKey: KeyObject): Signer | undefined {
  if (privateKey.asymmetricKeyType !== 'ed25519') return undefined;
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return parseSigner(`ed25519:${der.subarray(-32).toString('hex')}`);
}
