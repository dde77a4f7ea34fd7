/** The example's functions as they are deployed, with the workflow run by the interpreter: one circuit for both ways. */

import { Switchgear } from 'switchgear';
import { withSwitchgear } from 'switchgear/lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Cloud,
  remoteError,
} from '../../../../examples/order-payment-ledger-aws/src/functions/cloud.ts';
import { handler as ledger } from '../../../../examples/order-payment-ledger-aws/src/functions/ledger.ts';
import { order } from '../../../../examples/order-payment-ledger-aws/src/functions/order.ts';
import { payment } from '../../../../examples/order-payment-ledger-aws/src/functions/payment.ts';
import { TaskError } from '../asl/interpreter.ts';
import { Bench } from './bench.ts';

let bench: Bench;
let gear: Switchgear;
beforeAll(async () => {
  bench = await Bench.start();
  gear = new Switchgear({ store: bench.store, awaitReports: true, cacheTtl: 1, storeTimeout: 5_000 });
});
afterAll(async () => {
  delete process.env.LEDGER_DOWN;
  await gear.close();
  bench.close();
});

test('order → payment → ledger: what one way learns, the other knows', async () => {
  let booked = 0;
  const functions: Record<string, (payload: never) => unknown> = {
    ledger: (entry) => {
      booked++;
      return ledger(entry);
    },
  };
  const cloud: Cloud = {
    invoke: async (name, payload) => {
      try {
        return await functions[name]?.(payload as never);
      } catch (error) {
        throw remoteError((error as Error).name, (error as Error).message);
      }
    },
    runWorkflow: async (_, input) => {
      const target = (entry: unknown) =>
        cloud
          .invoke('ledger', entry)
          .catch((error: Error) => Promise.reject(new TaskError(error.name, error.message)));
      const {
        status,
        output,
        error = '',
        cause = '',
      } = await bench.run(bench.machine(), input as never, target);
      if (status === 'SUCCEEDED') return output;
      throw remoteError(error, cause);
    },
  };
  const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 10_000 };
  const pay = withSwitchgear(payment(gear.breaker('ledger'), 'ledger', cloud), { gear });
  functions.payment = (entry) => pay(entry, context);
  const take = order('payment', 'ledger', 'workflow', cloud);
  const place = (by: 'library' | 'workflow') => take({ order: `${booked}`, cents: 100, by });

  for (const by of ['library', 'workflow'] as const)
    expect(await place(by)).toEqual({ paid: { booked: expect.any(String), cents: 100 } });

  process.env.LEDGER_DOWN = 'true';
  // The function's first failure after a success is isolated: it takes three more.
  for (const by of ['library', 'workflow', 'library', 'workflow'] as const)
    await expect(place(by)).rejects.toMatchObject({ name: 'LedgerDown' });
  expect(booked).toBe(6);
  expect(await bench.record('ledger')).toMatchObject({ state: 'open', transition: { failures: 4 } });

  const later = { later: expect.any(String) };
  for (const by of ['library', 'workflow'] as const) expect(await place(by)).toEqual(later);
  expect(booked, 'nobody asks a ledger that is known to be down').toBe(6);

  delete process.env.LEDGER_DOWN;
  bench.aheadMs += 12_000;
  expect(await place('workflow')).toMatchObject({ paid: {} });
  expect((await bench.record('ledger')).state).toBe('closed');
  await gear.warm();
  expect(await place('library')).toMatchObject({ paid: {} });
});
