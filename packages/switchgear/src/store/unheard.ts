import { type Clock, within } from '../clock.ts';
import type { Verb } from './store-guard.ts';

const PERIOD_MS = 60_000;
const MOST_LINES = 10;

/** Says failures of the store aloud: a breaker whose store is wrong works alone, and nobody would know. Not per call. */
export function unheard(clock: Clock): (error: unknown, verb: Verb) => void {
  const said = new Set<string>();
  let sinceMs = 0;
  return (error, verb) => {
    const nowMs = clock.now();
    if (!within(PERIOD_MS, nowMs, sinceMs)) {
      said.clear();
      sinceMs = nowMs;
    }
    const line = `switchgear: ${verb} failed: ${words(error)}; calls go on with local protection`;
    if (said.has(line) || said.size >= MOST_LINES) return;
    said.add(line);
    console.error(line);
  };
}

/** A store of somebody else's may reject with anything. */
function words(error: unknown): string {
  try {
    return String((error as { readonly message?: unknown } | undefined)?.message ?? error);
  } catch {
    return 'an error without words';
  }
}
