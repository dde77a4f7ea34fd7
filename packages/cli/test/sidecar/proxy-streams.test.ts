/** Bodies larger than anybody would hold in memory, between a fast side and a slow one. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { portOf, rest, startProxy, stopClocks } from './proxy-rig.ts';

const CHUNK = Buffer.alloc(64 * 1024, 'switchgear ');
const CHUNKS = 3_200; // 200 MB
/** What two connections' kernels and Node hold between them; a proxy that buffers takes all 200 MB. */
const HELD_BYTES = 40 * 1024 * 1024;

/** Writes the body as fast as it is taken; `sent` is how much was. */
class Source {
  sent = 0;
  /** Resolves when nobody takes any more. */
  async stalls(): Promise<number> {
    for (let before = -1; before !== this.sent; ) {
      before = this.sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return this.sent;
  }

  async pour(into: NodeJS.WritableStream): Promise<void> {
    for (let i = 0; i < CHUNKS; i++) {
      const more = into.write(CHUNK);
      this.sent += CHUNK.length;
      if (!more) await once(into, 'drain');
    }
    into.end();
  }
}

const hash = createHash('sha1');
for (let i = 0; i < CHUNKS; i++) hash.update(CHUNK);
const EXPECTED = hash.digest('hex');

async function digest(body: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of body) hash.update(chunk);
  return hash.digest('hex');
}

test('200 MB to a client that does not read: the upstream is held back; then all of it arrives', async () => {
  const source = new Source();
  const rig = await startProxy((_, outgoing) => void source.pour(outgoing), { timeoutMs: 2_000 });
  const outgoing = request({ host: '127.0.0.1', port: rig.port }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];

  expect(await source.stalls()).toBeLessThan(HELD_BYTES);
  expect(await digest(incoming)).toBe(EXPECTED);
});

test('200 MB to an upstream that does not read: the client is held back; then all of it arrives', async () => {
  const source = new Source();
  let read = () => {};
  const arrived = new Promise<string>((resolve) => {
    read = () => resolve('');
  });
  let digested: Promise<string> | undefined;
  const rig = await startProxy((incoming, outgoing) => {
    void arrived.then(() => {
      digested = digest(incoming);
      void digested.then((sum) => outgoing.end(sum));
    });
  });
  const outgoing = request({ host: '127.0.0.1', port: portOf(rig.server), method: 'PUT' });
  void source.pour(outgoing);

  expect(await source.stalls()).toBeLessThan(HELD_BYTES);
  read();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect((await incoming.toArray()).join('')).toBe(EXPECTED);
});

test('a client that reads slowly is not taken for a slow upstream', async () => {
  const clocks = stopClocks();
  const rig = await startProxy(
    (_, outgoing) => {
      outgoing.end(Buffer.alloc(HELD_BYTES));
    },
    { timeoutMs: 700, slowCallDuration: 800, failureThreshold: 1 },
  );
  const served = once(rig.server, 'request');
  const outgoing = request({ host: '127.0.0.1', port: rig.port }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const [, response] = (await served) as [IncomingMessage, ServerResponse];
  while (!(await rest(() => response.writableNeedDrain)));
  clocks.pass(1_000);
  let length = 0;
  for await (const chunk of incoming) length += chunk.length;
  await rig.gear.flush();
  expect(length).toBe(HELD_BYTES);
  expect(rig.breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0, slow: 0 } });
});
