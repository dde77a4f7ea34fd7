/** What the three runs differ in. */

import { OWN_CIRCUIT } from './own-store.ts';

export type Strategy = 'none' | 'per-process' | 'shared';

export const STRATEGIES: readonly Strategy[] = ['none', 'per-process', 'shared'];

export const TITLES: Readonly<Record<Strategy, string>> = {
  none: 'no breaker',
  'per-process': 'breaker per process',
  shared: 'shared breaker',
};

/** What the circuit is called there. Beside whatever else lies in a user's store it has a name of its own. */
export function circuitAt(place: CircuitPlace): string {
  return place.kind === 'own' ? OWN_CIRCUIT : 'ledger';
}

/** Where a payment process finds its circuit. */
export type CircuitPlace =
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'dynamodb'; readonly endpoint: string; readonly tableName: string }
  /** The user's own store. Its address comes by the environment: arguments are for everybody on the machine to see. */
  | { readonly kind: 'own' };
