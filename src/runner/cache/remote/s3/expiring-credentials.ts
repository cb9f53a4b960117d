import type { Credentials } from './sign-request.ts';

export interface ExpiringCredentials extends Credentials {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}
