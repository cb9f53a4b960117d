import { pathToFileURL } from 'node:url';
import type { CommitOperation } from '@huggingface/hub';
import type { Result } from '../result.ts';
import type { HubAccess } from '../runner/answers.ts';
import type { PublishedFile } from './publication.ts';

export interface PushRequest {
  readonly access: HubAccess;
  /** "owner/name". */
  readonly repository: string;
  readonly isPublic: boolean;
  readonly files: readonly PublishedFile[];
  readonly title: string;
  /** Where it is to go, as `visibilityOf` found it. */
  readonly target: PushTarget;
}

/** `new`: there is no such repository yet. */
export interface PushTarget {
  readonly isNew: boolean;
  readonly visibility: 'private' | 'public';
}

/**
 * Who will see what is pushed. A repository that is there keeps its visibility, and nothing goes to one that
 * everybody reads unless that was asked for.
 */
export function visibilityOf({
  access,
  repository,
  isPublic,
}: Pick<PushRequest, 'access' | 'repository' | 'isPublic'>): Promise<Result<PushTarget>> {
  return answered(async (): Promise<Result<PushTarget>> => {
    const { modelInfo } = await import('@huggingface/hub');
    const found = await modelInfo({ name: repository, ...credentials(access) }).catch((error: unknown) => {
      const status = statusOf(error);
      // Of a repository that is not there, the hub says the one or the other.
      if (status === 404 || status === 401) return undefined;
      throw error;
    });
    if (found === undefined)
      return { ok: true, value: { isNew: true, visibility: isPublic ? 'public' : 'private' } };
    if (found.private) return { ok: true, value: { isNew: false, visibility: 'private' } };
    return isPublic
      ? { ok: true, value: { isNew: false, visibility: 'public' } }
      : {
          ok: false,
          error: `${repository} is public: confirm with \`--public\`, or make the repository private first`,
        };
  });
}

/** Makes the repository where it is not there, and adds the files in one commit. Gives its address. */
export async function pushModel({
  access,
  repository,
  target,
  files,
  title,
}: Omit<PushRequest, 'isPublic'>): Promise<Result<string>> {
  return answered(async () => {
    const { commit, createRepo } = await import('@huggingface/hub');
    const repo = { type: 'model', name: repository } as const;
    // One that is there after all is refused by the hub: who may read it is not known.
    if (target.isNew) await createRepo({ repo, visibility: target.visibility, ...credentials(access) });
    const operations = files.map(({ path, content }): CommitOperation => ({
      operation: 'addOrUpdate',
      path,
      content: 'text' in content ? new Blob([content.text]) : pathToFileURL(content.file),
    }));
    const made = await commit({ repo, title, operations, ...credentials(access) });
    return made === undefined
      ? { ok: false, error: 'the hub returned no commit' }
      : { ok: true, value: made.commit.url };
  });
}

const credentials = ({ endpoint, token = '' }: HubAccess) => ({ hubUrl: endpoint, accessToken: token });

/** What the hub refuses, and what the network fails at, are no bugs. */
async function answered<T>(ask: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { ok: false, error: `the hub: ${error.message}${cause}` };
  }
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
