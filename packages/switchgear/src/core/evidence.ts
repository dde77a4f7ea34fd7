/** Evidence: what calls were like, counted in buckets that are named by absolute slots of the store's time. */

/** Counts of one bucket. */
export interface Counts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Failures that stand alone in their process: counted above, and not judged. See `Era.bad`. */
  readonly isolated: number;
  /** Slow calls likewise. */
  readonly isolatedSlow: number;
  /** Failed or slow calls, capped per process at its share of the quorum. Always 0 with a quorum of 1. */
  readonly votes: number;
}

/** Buckets by slot number: slot `s` covers `[s × bucketMs, (s + 1) × bucketMs)`. */
export type Evidence = Readonly<Record<number, Counts>>;

/** How the time before now is cut into buckets. */
export interface Window {
  readonly bucketMs: number;
  /** How many buckets, the present one included. */
  readonly buckets: number;
}

export const NOTHING: Counts = {
  calls: 0,
  failures: 0,
  slow: 0,
  isolated: 0,
  isolatedSlow: 0,
  votes: 0,
};

export function slotAt(nowMs: number, bucketMs: number): number {
  return Math.floor(nowMs / bucketMs);
}

/** Oldest slot that still counts. The window never reaches back further than `buckets × bucketMs`. */
export function oldestSlot(nowMs: number, window: Window): number {
  return slotAt(nowMs, window.bucketMs) - window.buckets + 1;
}

const NAMES = /* @__PURE__ */ Object.keys(NOTHING) as (keyof Counts)[];

export function plus(a: Counts, b: Counts): Counts {
  return combined(a, b, 1);
}

export function minus(a: Counts, b: Counts): Counts {
  return combined(a, b, -1);
}

function combined(a: Counts, b: Counts, sign: 1 | -1): Counts {
  const sum: { -readonly [Name in keyof Counts]: number } = { ...NOTHING };
  for (const name of NAMES) sum[name] = a[name] + sign * b[name];
  return sum;
}

/**
 * Everything in the window that ends now, added up. One slot ahead of the present counts too: clocks differ by a
 * second. What lies further ahead was written under a clock that jumped, and would otherwise count for hours.
 */
export function total(evidence: Evidence, nowMs: number, window: Window): Counts {
  const oldest = oldestSlot(nowMs, window);
  const newest = slotAt(nowMs, window.bucketMs) + 1;
  let sum = NOTHING;
  for (const key in evidence) {
    const slot = Number(key);
    if (slot >= oldest && slot <= newest) sum = plus(sum, evidence[slot] as Counts);
  }
  return sum;
}

/** Adds `more` and drops what lies before slot `oldest`: the bound on the size of a record. */
export function add(evidence: Evidence, more: Evidence, oldest: number): Evidence {
  const next: Record<number, Counts> = {};
  for (const part of [evidence, more])
    for (const slot in part)
      if (Number(slot) >= oldest) next[slot] = plus(next[slot] ?? NOTHING, part[slot] as Counts);
  return next;
}
