import { afterAll, beforeAll, describe, test } from 'vitest';
import { run, VECTORS } from '../protocol-vectors.ts';
import { Bed, EMULATORS, type Emulator, LAYOUTS } from './emulators.ts';

describe.each(Object.entries(EMULATORS))('on %s', (_, start) => {
  let emulator: Emulator;
  let bed: Bed;
  beforeAll(async () => {
    emulator = await start();
    bed = await Bed.on(emulator.endpoint, Object.values(LAYOUTS)[0] as never);
  });
  afterAll(async () => {
    bed.close();
    await emulator.stop();
  });

  test.each(VECTORS)('%s', (_, vector) => run(vector, bed.store()));
});
