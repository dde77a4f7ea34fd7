import type { CircuitRecord, OperatorStore, Window } from 'switchgear';

/** A circuit whose record lies in the store and makes no sense to this version. */
export interface Unreadable {
  readonly name: string;
  readonly problem: string;
}

export interface Reading {
  readonly records: readonly CircuitRecord[];
  readonly unreadable: readonly Unreadable[];
}

/** What a circuit is cut like that was never written: it has no evidence, so that any cut will do. */
const ANY_WINDOW: Window = { bucketMs: 6_000, buckets: 10 };

/** The records of these circuits, by default of all, read consistently, in the order of their names. One bad record spoils no other. */
export async function readRecords(store: OperatorStore, names?: readonly string[]): Promise<Reading> {
  const wanted = [...(names ?? (await store.list()))].sort();
  const read = await store.load(wanted, () => ANY_WINDOW, { consistent: true, unreadable: () => {} });
  const records: CircuitRecord[] = [];
  const bad: string[] = [];
  for (const [at, name] of wanted.entries()) {
    const record: CircuitRecord | undefined = read[at];
    if (record) records.push(record);
    else bad.push(name);
  }
  const unreadable = await Promise.all(
    bad.map(async (name) => ({ name, problem: await whyUnreadable(store, name) })),
  );
  return { records, unreadable };
}

/** Alone, a record that cannot be read makes the reading reject, and says why. */
async function whyUnreadable(store: OperatorStore, name: string): Promise<string> {
  try {
    await store.load([name], () => ANY_WINDOW, { consistent: true });
  } catch (error) {
    return (error as Error).message;
  }
  return 'it could not be read a moment ago, and can now';
}
