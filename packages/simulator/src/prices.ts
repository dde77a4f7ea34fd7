/** What a store asks for requests, US dollars. */
export interface RequestPrices {
  /** The day on which the list was looked at. */
  readonly asOf: string;
  readonly perMillionWrites: number;
  readonly perMillionReads: number;
}

/**
 * Public list prices, us-east-1, on-demand, as published in November 2024 and in force when this was written.
 * A write unit: up to 1 KB; a read unit: up to 4 KB, consistent.
 */
export const DYNAMODB_PRICES: RequestPrices = {
  asOf: '2026-11-21',
  perMillionWrites: 0.625,
  perMillionReads: 0.125,
};

/** A month, for prices: 30 days. */
export const MONTH_MS = 30 * 86_400_000;

/** US dollars for so many units. */
export function priceOf(prices: RequestPrices, reads: number, writes: number): number {
  return (reads * prices.perMillionReads + writes * prices.perMillionWrites) / 1e6;
}
