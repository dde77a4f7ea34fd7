/** `docs/protocol-vectors.json`, with its defaults and its relative times put in. The tests of the workflow read it too. */

import { readFileSync } from 'node:fs';

export type Values = Readonly<Record<string, unknown>>;

/** A record, a write on it, and what is there after. */
export interface VerbVector {
  readonly name: string;
  readonly record?: Values;
  /** What the writer had read, where that is not the record. */
  readonly base?: Values;
  readonly verb: string;
  readonly args: Values;
  readonly accepted: boolean;
  readonly after: Values;
}

/** A record, how a call through its circuit ends if it is made, and what is to come of it. */
export interface CallVector {
  readonly name: string;
  readonly record?: Values;
  readonly policy?: Readonly<Record<string, number>>;
  readonly call?: 'works' | 'fails';
  readonly then: Values;
}

const file = readFileSync(new URL('../../../docs/protocol-vectors.json', import.meta.url), 'utf8');
const { defaults, ...vectors } = JSON.parse(file) as {
  readonly defaults: Readonly<Record<string, Values>>;
  readonly verbs: readonly VerbVector[];
  readonly calls: readonly CallVector[];
};

export const { verbs, calls } = vectors;

/** How the window of all vectors is cut. */
export const CUT = { bucketMs: 6_000, buckets: 10 };

/** Attributes of a record, with those that it leaves to the defaults of its state. */
export function whole(record: Values, nowMs: number): Values {
  return absolute({ ...defaults.all, ...defaults[String(record.state)], ...record }, nowMs);
}

/** Times from now as times, counters of relative slots as those of their slots. */
export function absolute(values: Values, nowMs: number): Values {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const [, letter, back] = /^([cfsijv])@(-?\d+)$/.exec(key) ?? [];
      if (letter) return [letter + (Math.floor(nowMs / CUT.bucketMs) + Number(back)), value];
      if (value && typeof value === 'object') return [key, absolute(value as Values, nowMs)];
      const time = typeof value === 'number' && /^(sinceMs|openUntilMs|untilMs|atMs)$/.test(key);
      return [key, time ? nowMs + value : value];
    }),
  );
}
