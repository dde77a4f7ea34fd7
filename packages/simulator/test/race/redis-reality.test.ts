import { test } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';
import { REDIS } from '../../src/index.ts';
import { agrees, real } from '../reality/reality.ts';

test('20 real processes on Redis do what the simulator says, within its stated margins', async () => {
  const { port, stop } = await startRedis();
  try {
    await agrees(await real({ kind: 'redis', host: '127.0.0.1', port }), REDIS);
  } finally {
    await stop();
  }
});
