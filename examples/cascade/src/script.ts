/** The play: what happens to the ledger, and when. The same for each run. */

export type LedgerMode = 'healthy' | 'slow' | '503' | 'dead';

export type PhaseName = 'healthy' | 'slow' | '503' | 'dead' | 'recovery';

export interface Scene {
  readonly phase: PhaseName;
  readonly ledger: LedgerMode;
  readonly forMs: number;
  /** Replace half of the payment processes by fresh ones at the start: a deploy, or a platform that recycles instances. */
  readonly coldStarts: boolean;
}

const SHARES: readonly (Omit<Scene, 'forMs'> & { readonly share: number })[] = [
  { phase: 'healthy', ledger: 'healthy', share: 0.12, coldStarts: false },
  { phase: 'slow', ledger: 'slow', share: 0.15, coldStarts: false },
  { phase: '503', ledger: '503', share: 0.16, coldStarts: false },
  { phase: 'dead', ledger: 'dead', share: 0.17, coldStarts: true },
  { phase: 'recovery', ledger: 'healthy', share: 0.4, coldStarts: false },
];

export function scenes(seconds: number): Scene[] {
  return SHARES.map(({ share, ...scene }) => ({ ...scene, forMs: share * seconds * 1_000 }));
}

/** Phases in which the ledger fails. */
export function isOutage(phase: PhaseName): boolean {
  return phase === 'slow' || phase === '503' || phase === 'dead';
}
