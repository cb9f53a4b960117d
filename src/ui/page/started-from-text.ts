import type { StartedFrom } from '../../runner/answers/runs.ts';

/** Who started a run, where, from which commit and with which versions; a report may omit user and host. */
export function startedFromText({ commit, user, host, version, node }: StartedFrom): string {
  const files =
    commit === undefined
      ? []
      : [
          `commit ${commit.commit.slice(0, 12)}` +
            (commit.branch === undefined ? '' : ` of ${commit.branch}`) +
            (commit.isDirty ? ', with changed files' : ''),
        ];
  const userAndHost = user === undefined ? host : `${user} on ${host}`;
  return [...files, userAndHost, `version ${version}`, `Node ${node}`]
    .filter((part) => part !== '')
    .join(' · ');
}
