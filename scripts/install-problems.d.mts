export interface InstallFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  /** Of Node, without a "v". */
  readonly version: string;
  readonly reach: (host: string) => Promise<boolean>;
  readonly has: (program: string) => boolean;
  readonly exists: (path: string) => boolean;
}

export function installProblems(facts: InstallFacts): Promise<readonly string[]>;
