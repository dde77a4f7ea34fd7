import { MONTH_MS, priceOf } from './prices.ts';
import type { Strategy } from './strategies/strategy.ts';
import { SECOND_MS, type Second, type Timeline } from './timeline.ts';
import { isDown, type Phase } from './world/dependency.ts';
import { type Ledger, SLICE_MS, type Slice } from './world/ledger.ts';
import type { Scenario } from './world/world.ts';

/** A state of the fleet holds when it lasts for this many slices: one second. */
const LASTING = 10;

/** Figures of one strategy in one run; `FIGURES` defines them. Times in milliseconds, in steps of 100; infinite where it never came. */
export interface Results {
  readonly offered: number;
  readonly reachedDead: number;
  readonly detectedAfterMs: number;
  readonly allRefuseAfterMs: number;
  readonly probesInFlight: number;
  readonly clientErrors: number;
  readonly refusedBefore: number;
  readonly refusedInVain: number;
  readonly recoveredAfterMs: number;
  readonly overload: number;
  readonly failedInRecovery: number;
  readonly meanWaitMs: number;
  readonly storeReads: number;
  readonly storeWrites: number;
  readonly storeThrottled: number;
  readonly peakItemReads: number;
  readonly peakItemWrites: number;
  readonly monthlyUsd: number | undefined;
  readonly incidentUsd: number | undefined;
}

export interface Figure {
  readonly title: string;
  readonly unit: 'count' | 'ms' | 'ratio' | 'usd';
  readonly meaning: string;
}

/** What each figure is called and means: for tables, reports and documentation. */
export const FIGURES: Readonly<Record<keyof Results, Figure>> = {
  offered: {
    title: 'calls offered',
    unit: 'count',
    meaning:
      'Calls that clients made. The same calls, at the same moments and with the same luck, for each strategy.',
  },
  reachedDead: {
    title: 'calls that hit the dead dependency',
    unit: 'count',
    meaning:
      'Calls that were let through to the dependency during the outage, probes included. Where it fails in part or by turns: in the whole time of trouble.',
  },
  detectedAfterMs: {
    title: 'time to detect',
    unit: 'ms',
    meaning: 'From the beginning of the outage until the first call anywhere is refused.',
  },
  allRefuseAfterMs: {
    title: 'time until all refuse',
    unit: 'ms',
    meaning:
      'From the beginning of the outage until, for a second, at most one call in a hundred is let through.',
  },
  probesInFlight: {
    title: 'probes in flight',
    unit: 'count',
    meaning:
      'Most calls that were at the dead dependency at the same time, once all refuse and what was under way before is over (where all never refuse: in the whole outage): probes, and what leaks.',
  },
  clientErrors: {
    title: 'client errors',
    unit: 'count',
    meaning: 'Calls of the whole run that failed or were refused.',
  },
  refusedBefore: {
    title: 'false trips',
    unit: 'count',
    meaning: 'Calls that were refused before anything was wrong but stray errors (`--errors`).',
  },
  refusedInVain: {
    title: 'refused in vain',
    unit: 'count',
    meaning:
      'Calls that were refused outside the outage: false trips, slow recovery, and a ramp. Where one process is sick, its own calls among them.',
  },
  recoveredAfterMs: {
    title: 'time to recover',
    unit: 'ms',
    meaning: 'From the end of the outage until, for a second, nothing is refused.',
  },
  overload: {
    title: 'overload at recovery',
    unit: 'ratio',
    meaning:
      'Most calls let through in one second after the outage, as a multiple of what the dependency could take in it. 0 where its capacity is not limited.',
  },
  failedInRecovery: {
    title: 'failed after the outage',
    unit: 'count',
    meaning:
      'Calls that failed after the outage: stragglers, and time-outs where the dependency is overloaded.',
  },
  meanWaitMs: {
    title: 'mean wait',
    unit: 'ms',
    meaning:
      'Mean time that clients waited for calls that were let through, from their arrival, the store included.',
  },
  storeReads: {
    title: 'store reads',
    unit: 'count',
    meaning: 'Read units of the whole run; a read that need not be consistent costs half a unit on DynamoDB.',
  },
  storeWrites: {
    title: 'store writes',
    unit: 'count',
    meaning: 'Write units of the whole run, writes refused by their condition included.',
  },
  storeThrottled: {
    title: 'store throttled',
    unit: 'count',
    meaning: 'Requests that the store refused because an item had no capacity left in that second.',
  },
  peakItemReads: {
    title: 'peak reads of one item',
    unit: 'count',
    meaning: 'Most read units that one item was asked for in one second.',
  },
  peakItemWrites: {
    title: 'peak writes of one item',
    unit: 'count',
    meaning: 'Most writes that one item was asked for in one second.',
  },
  monthlyUsd: {
    title: 'price of a healthy month',
    unit: 'usd',
    meaning:
      'Store requests at list prices: 30 days at the rate of the second half of the time before the outage. Absent where the store is paid by the hour.',
  },
  incidentUsd: {
    title: 'price of the incident',
    unit: 'usd',
    meaning: 'Store requests at list prices, from the beginning of the outage to the end of the run.',
  },
};

/** From when the dependency first failed many until it last did. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function outageOf(script: readonly Phase[]): Outage | undefined {
  const first = script.find(isDown);
  const next = script[script.findLastIndex(isDown) + 1];
  return first && { fromMs: first.fromMs, untilMs: next?.fromMs ?? Number.POSITIVE_INFINITY };
}

/** When the dependency first changed for anybody. */
function troubleFromMs(script: readonly Phase[]): number {
  return script[1]?.fromMs ?? Number.POSITIVE_INFINITY;
}

export function resultsOf(
  { store }: Strategy,
  ledger: Ledger,
  { seconds }: Timeline,
  { script, timeoutMs }: Scenario,
): Results {
  const outage = outageOf(script);
  const { fromMs, untilMs } = outage ?? { fromMs: 0, untilMs: 0 };
  const after = (startMs: number, holds: (slice: Slice) => boolean, lasting: number) =>
    outage ? firstLasting(ledger.slices, startMs, holds, lasting) - startMs : Number.POSITIVE_INFINITY;
  const made = ledger.sum('succeeded') + ledger.sum('failed');
  const allRefuseAfterMs = after(fromMs, ({ admitted, offered }) => admitted <= offered / 100, LASTING);
  // What was under way before is over by then.
  const refusingMs = fromMs + (Number.isFinite(allRefuseAfterMs) ? allRefuseAfterMs + timeoutMs : 0);
  return {
    offered: ledger.sum('offered'),
    reachedDead: ledger.sum('admitted', fromMs, untilMs),
    detectedAfterMs: after(fromMs, ({ rejected }) => rejected > 0, 1),
    allRefuseAfterMs,
    probesInFlight: most(ledger.between(refusingMs, untilMs).map(({ peakInFlight }) => peakInFlight)),
    clientErrors: ledger.sum('failed') + ledger.sum('rejected'),
    refusedBefore: ledger.sum('rejected', 0, troubleFromMs(script)),
    refusedInVain: ledger.sum('rejected', 0, fromMs) + ledger.sum('rejected', untilMs),
    recoveredAfterMs: after(untilMs, ({ rejected }) => rejected === 0, LASTING),
    overload: outage ? overload(seconds, untilMs, script) : 0,
    failedInRecovery: outage ? ledger.sum('failed', untilMs) : 0,
    meanWaitMs: made === 0 ? 0 : ledger.waitedMs / made,
    storeReads: store?.meter.reads ?? 0,
    storeWrites: store?.meter.writes ?? 0,
    storeThrottled: store?.meter.throttled ?? 0,
    peakItemReads: store?.meter.peakItemReads ?? 0,
    peakItemWrites: store?.meter.peakItemWrites ?? 0,
    ...pricesOf(store, seconds, outage?.fromMs ?? seconds.length * SECOND_MS),
  };
}

function pricesOf(
  store: Strategy['store'],
  seconds: readonly Second[],
  healthyUntilMs: number,
): Pick<Results, 'monthlyUsd' | 'incidentUsd'> {
  const prices = store ? store.profile.prices : { asOf: '', perMillionReads: 0, perMillionWrites: 0 };
  if (!prices) return { monthlyUsd: undefined, incidentUsd: undefined };
  const price = (part: readonly Second[]) =>
    part.reduce((sum, { storeReads, storeWrites }) => sum + priceOf(prices, storeReads, storeWrites), 0);
  const end = Math.floor(healthyUntilMs / SECOND_MS);
  // Its first half has the cold starts in it.
  const healthy = seconds.slice(Math.floor(end / 2), end);
  const monthlyUsd = healthy.length ? (price(healthy) * MONTH_MS) / (healthy.length * SECOND_MS) : 0;
  return { monthlyUsd, incidentUsd: price(seconds.slice(end)) };
}

function overload(seconds: readonly Second[], fromMs: number, script: readonly Phase[]): number {
  const first = Math.ceil(fromMs / SECOND_MS);
  return most(
    seconds.slice(first).map(({ admitted }, i) => {
      const phase = script.findLast((each) => each.fromMs <= (first + i) * SECOND_MS);
      return admitted / (phase?.condition.capacity ?? Number.POSITIVE_INFINITY);
    }),
  );
}

function most(values: readonly number[]): number {
  return values.reduce((high, value) => Math.max(high, value), 0);
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
