import type { CircuitRecord } from '../../core/record.ts';
import type { LoadOptions } from '../contract.ts';
import { UnreadableError } from '../record-fields.ts';

/** What a `load` answers whose records were read apart: each that failed is its own circuit's trouble, where somebody is to be told. */
export async function loaded(
  reads: readonly Promise<CircuitRecord>[],
  unreadable: LoadOptions['unreadable'],
): Promise<CircuitRecord[]> {
  const settled = await Promise.allSettled(reads);
  const failures = settled.flatMap((read) => (read.status === 'rejected' ? [read.reason as unknown] : []));
  const silence = failures.filter((failure) => !(failure instanceof UnreadableError));
  // No answer at all is the store's failure; and what one read met, the others most likely met too.
  if (failures.length > 0 && (!unreadable || silence.length === reads.length)) throw failures[0];
  for (const failure of new Set(failures))
    if (failure instanceof UnreadableError || failure === silence[0]) unreadable?.(failure);
  return settled.map((read) => (read.status === 'fulfilled' ? read.value : undefined)) as CircuitRecord[];
}
