/** Every change leaves an entry: who, what, why, and what became of it. */

import type { Role } from './access.ts';

export interface AuditEntry {
  readonly act: 'override' | 'release' | 'reset' | 'recovered' | 'outage' | 'set-policy' | 'unset-policy';
  readonly circuit: string;
  readonly by: string;
  readonly role: Role;
  readonly reason: string;
  /** What was asked for beside the reason. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** `failed`: the store did, and the change may have happened. */
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly error?: string;
}

export type Audit = (entry: AuditEntry) => void;

/** One line of JSON on stderr: line breaks in a reason are escaped, so that nobody can forge a line. */
export const auditLine: Audit = (entry) => {
  process.stderr.write(
    `${JSON.stringify({ at: new Date().toISOString(), switchgear: 'audit', ...entry })}\n`,
  );
};
