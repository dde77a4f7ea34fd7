import type { Meter } from './store/meter.ts';
import type { Phase } from './world/dependency.ts';
import { type Ledger, SLICE_MS, type Slice } from './world/ledger.ts';

/** A state of the fleet holds when it lasts for this many slices: one second. */
const LASTING = 10;

/** Figures of one strategy in one run; times in milliseconds, infinite where it never came. */
export interface Results {
  readonly strategy: string;
  readonly offered: number;
  /** Calls that reached the dependency while it was dead. */
  readonly reachedDead: number;
  /** From the dependency's death until the first refusal. */
  readonly detectedAfterMs: number;
  /** From its death until at most one call in a hundred goes through, for a second. */
  readonly allRefuseAfterMs: number;
  /** Calls that ended in an error or were refused. */
  readonly clientErrors: number;
  /** Refused while the dependency was well: false trips, and slow recovery. */
  readonly refusedInVain: number;
  /** From the end of the outage until nothing is refused, for a second. */
  readonly recoveredAfterMs: number;
  /** Mean time that clients waited for calls that were made. */
  readonly meanWaitMs: number;
  readonly storeReads: number;
  readonly storeWrites: number;
  readonly storeThrottled: number;
  /** Most that one item was asked for in a second. */
  readonly peakItemReads: number;
  readonly peakItemWrites: number;
}

/** When the dependency was dead, the first time. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function outageOf(script: readonly Phase[]): Outage | undefined {
  const at = script.findIndex(({ condition }) => condition.failureRatio === 1);
  const phase = script[at];
  return phase && { fromMs: phase.fromMs, untilMs: script[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY };
}

export function resultsOf(
  strategy: string,
  ledger: Ledger,
  outage: Outage | undefined,
  meter: Meter | undefined,
): Results {
  const { fromMs, untilMs } = outage ?? { fromMs: 0, untilMs: 0 };
  const after = (startMs: number, holds: (slice: Slice) => boolean, lasting: number) =>
    outage ? firstLasting(ledger.slices, startMs, holds, lasting) - startMs : Number.POSITIVE_INFINITY;
  const made = ledger.sum('succeeded') + ledger.sum('failed');
  return {
    strategy,
    offered: ledger.sum('offered'),
    reachedDead: ledger.sum('admitted', fromMs, untilMs),
    detectedAfterMs: after(fromMs, ({ rejected }) => rejected > 0, 1),
    allRefuseAfterMs: after(fromMs, ({ admitted, offered }) => admitted <= offered / 100, LASTING),
    clientErrors: ledger.sum('failed') + ledger.sum('rejected'),
    refusedInVain: ledger.sum('rejected', 0, fromMs) + ledger.sum('rejected', untilMs),
    recoveredAfterMs: after(untilMs, ({ rejected }) => rejected === 0, LASTING),
    meanWaitMs: made === 0 ? 0 : ledger.waitedMs / made,
    storeReads: meter?.reads ?? 0,
    storeWrites: meter?.writes ?? 0,
    storeThrottled: meter?.throttled ?? 0,
    peakItemReads: meter?.peakItemReads ?? 0,
    peakItemWrites: meter?.peakItemWrites ?? 0,
  };
}

/** Start of the first slice at `fromMs` or later from which on `holds` for `lasting` slices. */
function firstLasting(
  slices: readonly Slice[],
  fromMs: number,
  holds: (slice: Slice) => boolean,
  lasting: number,
): number {
  let held = 0;
  for (let at = Math.ceil(fromMs / SLICE_MS); at < slices.length; at++) {
    held = holds(slices[at] as Slice) ? held + 1 : 0;
    if (held === lasting) return (at + 1 - lasting) * SLICE_MS;
  }
  return Number.POSITIVE_INFINITY;
}
