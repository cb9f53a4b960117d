import { flag, listOf, matching, optional, record, text } from './shape.ts';

/** Where a shared cache can be. */
const remotePattern = /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\s]*)?|file:\/\/\/[^\0]+)$/;

/** The fields of the shared cache that a machine file may set as well. */
export const remoteFields = {
  remote: optional(
    matching('s3://bucket/prefix or file:///folder', remotePattern),
    'where results are shared: s3://bucket/prefix or file:///folder',
  ),
  read: optional(flag, 'false: results are not downloaded; default: true'),
  write: optional(flag, 'true: results of runs are uploaded, signed with your private key'),
};

/** `cache` of a pipeline file. */
export const sharedCacheShape = record('the shared cache', {
  ...remoteFields,
  project: optional(text, 'the name under which results are shared; default: the name of the pipeline'),
  trust: optional(
    listOf(
      'a list of public keys',
      matching('a public key as `pipeline key` shows it (ed25519:…)', /^ed25519:[0-9a-f]{64}$/),
    ),
    'whose results are used, in this order; default: only your own',
  ),
});
