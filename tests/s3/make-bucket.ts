import { homedir } from 'node:os';
import { awsSettings } from '../../src/runner/cache/remote/s3/credentials.ts';
import { s3Client } from '../../src/runner/cache/remote/s3/s3-client.ts';
import { transport } from '../../src/runner/cache/remote/s3/send-request.ts';

/** A server that has just begun may need a moment until it takes buckets. */
export async function makeBucket(name: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const client = s3Client(
    name,
    await awsSettings({ environment, home: homedir(), root: homedir() }),
    transport(),
  );
  for (let tries = 1; ; tries++) {
    const answer = await client.call({ method: 'PUT', key: '' }, new AbortController().signal);
    if (answer.ok) answer.value.body.resume();
    if (answer.ok && answer.value.status === 200) return;
    if (tries === 20)
      throw new Error(`no bucket: ${JSON.stringify(answer.ok ? answer.value.status : answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
