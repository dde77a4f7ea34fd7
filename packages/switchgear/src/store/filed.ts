import { type Epoch, sameEpoch } from '../core/record.ts';
import type { HistoryEntry } from './contract.ts';

/** Which of `epochs` a history at hand has, for stores that have it whole. */
export function filedIn(history: readonly HistoryEntry[], epochs: readonly Epoch[]): boolean[] {
  return epochs.map((epoch) => history.some((entry) => sameEpoch(entry.epoch, epoch)));
}
