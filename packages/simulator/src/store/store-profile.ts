import { Distribution } from '../engine/distribution.ts';
import { DYNAMODB_PRICES, type RequestPrices } from '../prices.ts';

/** What a store is like, seen from the fleet. */
export interface StoreProfile {
  readonly name: string;
  /** Time of a request to the store, and of its answer back, milliseconds each. */
  readonly wayMs: Distribution;
  /** What one item takes per second before it throttles. */
  readonly itemWritesPerSecond: number;
  readonly itemReadsPerSecond: number;
  /** What a read counts for that need not be consistent. */
  readonly plainReadCost: number;
  /** How old such a read may be. */
  readonly lagMs: Distribution;
  /** Whose clock a condition on time is judged by. */
  readonly judgedBy: 'caller' | 'store';
  /** How far off a process may know the store's time to be, either way, milliseconds. */
  readonly clockErrorMs: number;
  /** Time until a change reaches those who listen; absent: nobody can. */
  readonly pushMs?: Distribution;
  /** Absent: paid by the hour, whatever it is asked for. */
  readonly prices?: RequestPrices;
}

const NEVER = Distribution.constant(0);

/**
 * Limits per item: "Amazon DynamoDB Developer Guide", burst and adaptive capacity: 1 000 write units and 3 000 read units
 * per second and partition, a plain read of up to 4 KB counting half; a failed condition counts as a write. Latency:
 * single-digit milliseconds in the median, a tail of some tens. The store's time is learnt from the `Date` header, which
 * has whole seconds.
 */
export const DYNAMODB: StoreProfile = {
  name: 'dynamodb',
  wayMs: new Distribution([
    [0, 1],
    [0.5, 2],
    [0.9, 4],
    [0.99, 10],
    [1, 40],
  ]),
  itemWritesPerSecond: 1_000,
  itemReadsPerSecond: 3_000,
  plainReadCost: 0.5,
  lagMs: new Distribution([
    [0, 0],
    [0.9, 0],
    [0.99, 20],
    [1, 1_000],
  ]),
  judgedBy: 'caller',
  clockErrorMs: 1_000,
  prices: DYNAMODB_PRICES,
};

/** One node in the same zone; scripts run one at a time and read its own clock. */
export const REDIS: StoreProfile = {
  name: 'redis',
  wayMs: new Distribution([
    [0, 0.1],
    [0.5, 0.25],
    [0.99, 1],
    [1, 5],
  ]),
  itemWritesPerSecond: 50_000,
  itemReadsPerSecond: 100_000,
  plainReadCost: 1,
  lagMs: NEVER,
  judgedBy: 'store',
  clockErrorMs: 5,
  pushMs: new Distribution([
    [0, 0.2],
    [0.5, 0.5],
    [0.99, 3],
    [1, 20],
  ]),
};
