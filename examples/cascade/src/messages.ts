/** What the orchestrator and its processes tell each other over IPC. Calls go over HTTP, never through here. */

import type { StoreCall } from './embedded-store.ts';
import type { Note } from './note.ts';
import type { LedgerMode } from './script.ts';

export type ToChild =
  /** Addresses of the fleet to call from now on. */
  | { readonly kind: 'targets'; readonly urls: readonly string[] }
  | { readonly kind: 'ledger'; readonly mode: LedgerMode }
  | { readonly kind: 'load'; readonly rps: number }
  /** Take no more, end what is running, hand in the last notes and exit. */
  | { readonly kind: 'finish' };

export type FromChild =
  /** `url` is absent where the process serves nothing. */
  | { readonly kind: 'ready'; readonly url?: string }
  /** The last message was carried out. */
  | { readonly kind: 'done' }
  /** `state`: what the breaker of this process says at the moment, where it has one. `storeCalls`: its calls of the user's store. */
  | {
      readonly kind: 'notes';
      readonly notes: readonly Note[];
      readonly storeCalls: readonly StoreCall[];
      readonly state?: string;
    };
