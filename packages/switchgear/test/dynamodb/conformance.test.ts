import { afterAll, beforeAll, describe, test } from 'vitest';
import { conformance } from '../../src/testing/index.ts';
import { Bed, EMULATORS, type Emulator, LAYOUTS } from './emulators.ts';

describe.each(Object.entries(EMULATORS))('the DynamoDB store keeps the contract on %s', (_, start) => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await start();
  });
  afterAll(() => emulator.stop());

  describe.each(Object.entries(LAYOUTS))('%s', (_, layout) => {
    let shared: Bed;
    beforeAll(async () => {
      shared = await Bed.on(emulator.endpoint, layout);
    });
    afterAll(() => shared.close());

    function rig() {
      const bed = shared;
      return {
        store: bed.store(),
        other: bed.store(),
        advance: (ms: number) => {
          bed.aheadMs += ms;
        },
        close: () => {},
      };
    }

    for (const { name, law, run } of conformance(rig)) test(`${name} (${law})`, run, 30_000);
  });
});
