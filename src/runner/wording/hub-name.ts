/** What a dep of the Hugging Face hub names: a model, or a data set or a part of it. */
export interface HubName {
  /** "google/mt5-base"; data sets as the hub's own addresses name them: "datasets/owner/name". */
  readonly repository: string;
  /** A commit (40 hex digits), a branch or a tag. */
  readonly revision: string;
  /** The file or folder within a data set; absent: all of it. */
  readonly path?: string | undefined;
}

/** Its form in a pipeline file: "hf:google/mt5-base@main", "hf:datasets/owner/name@main/data". */
export const hubName = ({ repository, revision, path }: HubName): string =>
  `hf:${repository}@${revision}${path === undefined ? '' : `/${path}`}`;

/**
 * Parses the name in a pipeline file; undefined: invalid. In a data set a path may follow the revision, which
 * ends as in huggingface_hub (HfFileSystem): at its first slash, not counting those of "refs/convert/…" and
 * "refs/pr/…".
 */
export function parseHubName(text: string): HubName | undefined {
  const [, repository, revision, path] = dataSetName.exec(text) ?? modelName.exec(text) ?? [];
  if (repository === undefined || revision === undefined || `${repository}/${revision}`.includes('..'))
    return undefined;
  if (path === undefined) return { repository, revision };
  return staysInside(path) ? { repository, revision, path } : undefined;
}

const dataSetName =
  /^hf:(datasets\/(?:[\w-][\w.-]*\/)?[\w-][\w.-]*)@(refs\/(?:convert|pr)\/[\w.-]+|[\w-][\w.-]*)(?:\/(.+))?$/s;
const modelName = /^hf:((?:[\w-][\w.-]*\/)?[\w-][\w.-]*)@([\w-][\w./-]*)$/;

/** Paths that no git tree can hold, and that would lead out of a folder, or mislead a reader's terminal. */
export const staysInside = (path: string): boolean =>
  !/[\p{Cc}\\]/u.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
