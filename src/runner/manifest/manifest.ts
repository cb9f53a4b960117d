import type { Digest } from '../../files/digest.ts';
import type { Value } from '../../stage/context.ts';

/** What the program of an instance is, by content. */
export type ProgramDigest =
  /**
   * The esbuild bundle, packages left out; and each package it can reach: version and integrity of its
   * installed closure.
   */
  | {
      readonly kind: 'uses';
      readonly bundle: Digest;
      readonly packages: Readonly<Record<string, string>>;
      /** The engine that its params name, by its name; absent where it has none. */
      readonly engines?: Readonly<Record<string, EngineDigest>>;
    }
  /**
   * The words unchanged (deps and outs by name), the resolved program of argv[0] (the shell for a
   * string), and the files that `code` names.
   */
  | {
      readonly kind: 'command';
      readonly words: readonly Value[];
      /** The program that runs a command line: the shell and its options. */
      readonly shell?: readonly string[];
      readonly executable: Digest;
      readonly code: Readonly<Record<string, Digest>>;
    };

/** The identity of an engine, by content: its own bundle, and each package that it can reach. */
export interface EngineDigest {
  readonly bundle: Digest;
  /** For an engine that `pipeline setup` installs: its version, and the value that represents its files. */
  readonly installed?: string;
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * The content of a path: the digest of a file's bytes, or of a folder's listing (tree.ts). `form`
 * distinguishes a file that contains a listing's text from the folder.
 */
export interface Content {
  readonly form: 'file' | 'executable' | 'folder';
  readonly digest: Digest;
}

/** Whether two contents have the same form and the same digest. */
export const sameContent = (a: Content, b: Content): boolean => a.form === b.form && a.digest === b.digest;

/** The form of a content that was written down before. */
export const parseForm = (form: unknown): Content['form'] | undefined =>
  form === 'file' || form === 'executable' || form === 'folder' ? form : undefined;

export type DependencyDigest =
  /**
   * `name`: the base name of a path dep, since an extension decides parsing; null for an out of an instance.
   */
  | { readonly kind: 'content'; readonly name: string | null; readonly content: Content }
  /** What a pattern matches: names from its first wildcard on, sorted. */
  | {
      readonly kind: 'files';
      readonly files: readonly { readonly name: string; readonly content: Content }[];
    }
  /** An optional path that does not exist. */
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'gather';
      readonly members: readonly {
        readonly axes: Readonly<Record<string, Value>>;
        readonly content: Content;
        /** A stage may show it, so it counts where a result is adopted. */
        readonly adopted?: true;
      }[];
    };

/**
 * Everything that a result depends on: a field is here because changing it can change the bytes of an out.
 */
export interface Manifest {
  /** Raised when the meaning of a field, the canonical form or the bundler changes. */
  readonly format: string;
  readonly program: ProgramDigest;
  readonly params: Readonly<Record<string, Value>>;
  readonly deps: Readonly<Record<string, DependencyDigest>>;
  /** Names and declared paths: a program may read them. */
  readonly outs: Readonly<Record<string, string>>;
  /** Hashed environment: the digest of a value; null is unset, which is not the empty string. */
  readonly env: Readonly<Record<string, Digest | null>>;
  /**
   * Operating system, CPU architecture, Node major (for `uses`), and the engine with its device class and
   * precision where one computes.
   */
  readonly platform: Readonly<Record<string, string>>;
}
