/** The dependency at the end of the chain. It is down while `LEDGER_DOWN` says so, for you to try. */

export interface Entry {
  readonly order: string;
  readonly cents: number;
}

class LedgerDown extends Error {
  override readonly name = 'LedgerDown';
}

export async function handler({ order, cents }: Entry): Promise<{ booked: string; cents: number }> {
  if (process.env.LEDGER_DOWN === 'true') throw new LedgerDown('the ledger is down');
  return { booked: order, cents };
}
