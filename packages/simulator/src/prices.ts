import type { Meter } from './store/meter.ts';

/**
 * Public list prices, US dollars, us-east-1, on-demand, as published in November 2024 and in force when this was written.
 * A write unit: up to 1 KB; a read unit: up to 4 KB, consistent.
 */
export const DYNAMODB_PRICES = {
  asOf: '2026-11-21',
  perMillionWrites: 0.625,
  perMillionReads: 0.125,
} as const;

const MONTH_MS = 30 * 86_400_000;

/** What a month like this run would cost in requests, US dollars. */
export function monthlyPrice({ reads, writes }: Meter, elapsedMs: number): number {
  const { perMillionReads, perMillionWrites } = DYNAMODB_PRICES;
  return (((reads * perMillionReads + writes * perMillionWrites) / 1e6) * MONTH_MS) / elapsedMs;
}
