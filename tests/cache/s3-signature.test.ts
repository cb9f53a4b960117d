import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { parseSharedConfig } from '../../src/runner/cache/remote/s3/shared-config.ts';
import { queryText, signedHeaders } from '../../src/runner/cache/remote/s3/sign-request.ts';

/** "Signature Calculations for the Authorization Header": the examples of the Amazon S3 API Reference. */
describe('the examples of the reference', () => {
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    sessionToken: undefined,
  };
  const host = 'https://examplebucket.s3.amazonaws.com';
  const at = new Date('2013-05-24T00:00:00Z');
  const nothing = digestOf('');
  const body = digestOf('Welcome to Amazon S3.');

  test.each([
    [
      'GET of an object, with a range',
      { method: 'GET', path: '/test.txt', headers: { range: 'bytes=0-9' }, payload: nothing },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT of an object',
      {
        method: 'PUT',
        path: '/test%24file.text',
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        payload: body,
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET of the lifecycle of a bucket',
      { method: 'GET', path: '/?lifecycle', headers: {}, payload: nothing },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'GET of the list of a bucket',
      { method: 'GET', path: '/?max-keys=2&prefix=J', headers: {}, payload: nothing },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('%s', (_, { method, path, headers, payload }, signature) => {
    const url = new URL(host + path);
    const signed = signedHeaders({ method, url, headers, payload }, credentials, 'us-east-1', at);
    expect(signed['authorization']).toContain(`Signature=${signature}`);
  });
});

test('query parameters are sorted by name, not by pair, and spaces become %20', () => {
  expect(
    queryText([
      ['a-b', '1'],
      ['a', 'x y*'],
    ]),
  ).toBe('a=x%20y%2A&a-b=1');
});

test('profiles of the shared files are read, nested values are ignored', () => {
  const text = `
# a comment
[default]
region = eu-west-1   ; said twice
aws_access_key_id=AKIA
s3 =
  max_concurrent_requests = 20
[profile lab]
credential_process = /usr/bin/keys --for "the lab" # here
[profile "two words"]
endpoint_url = https://s3.example.org
`;
  expect(Object.fromEntries(parseSharedConfig(text))).toEqual({
    default: { region: 'eu-west-1', aws_access_key_id: 'AKIA', s3: '' },
    lab: { credential_process: '/usr/bin/keys --for "the lab"' },
    'two words': { endpoint_url: 'https://s3.example.org' },
  });
});
