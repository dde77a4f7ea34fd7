/** A store that the user names: refused with the reason before anything starts, and its password never repeated. */

import { isSwitchgearError } from 'switchgear';
import { expect, it } from 'vitest';
import { parseOptions } from '../src/options.ts';
import { prepareOwnStore, StoreRefused } from '../src/own-store.ts';

async function refusal(address: string): Promise<Error> {
  return prepareOwnStore(address).then(
    () => expect.fail('was not refused'),
    (error: Error) => error,
  );
}

it('where nobody listens', async () => {
  const error = await refusal('redis://ana:s3cret@127.0.0.1:1');
  expect(error).toBeInstanceOf(StoreRefused);
  expect(error.message).toMatch(/cannot be used:\n {2}- .*not connected.*; nothing listens there/);
  expect(error.message).not.toMatch(/s3cret|ana/);
});

it('where the address is none', async () => {
  const error = await refusal('redis://ana:s3cret@127.0.0.1:1/orders?cluter=true');
  expect(isSwitchgearError(error, 'INVALID_CONFIGURATION')).toBe(true);
  expect(error.message).toMatch(/a setting is unknown/);
  expect(error.message).not.toMatch(/s3cret/);
});

it('memory is no store that processes share', () => {
  expect(() => parseOptions(['--store', 'memory:'])).toThrow(/must be one that processes can share/);
  expect(parseOptions(['--store', 'redis://cache'])).toMatchObject({ store: 'redis://cache' });
});
