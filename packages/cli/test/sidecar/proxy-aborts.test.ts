/** Who goes when, and what the circuit hears of it. */

import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ask, keptAgent, type ProxyRig, RawClient, rest, startProxy, stopClocks } from './proxy-rig.ts';

/** More calls than the threshold of failures: if they counted, the circuit would be open. */
const CALLS = 4;

async function hearsNothing({ breaker, gear }: ProxyRig): Promise<void> {
  await gear.flush();
  expect(breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
}

test('L6 a client that goes before the answer: the upstream learns it, the circuit does not', async () => {
  const served: IncomingMessage[] = [];
  const rig = await startProxy((incoming) => void served.push(incoming));
  for (let i = 1; i <= CALLS; i++) {
    const outgoing = request({ host: '127.0.0.1', port: rig.port }).end();
    outgoing.on('error', () => {});
    await vi.waitUntil(() => served.length === i);
    const closed = once(served[i - 1]?.socket as Socket, 'close');
    outgoing.destroy();
    await closed;
  }
  await hearsNothing(rig);
});

test('L6 a client that closes its sending side before the answer has gone: nothing tells one from the other', async () => {
  const rig = await startProxy(() => {});
  const served = once(rig.upstream, 'request');
  const client = new RawClient(rig.port).send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response] = (await served) as [IncomingMessage, ServerResponse];
  const abandoned = once(response, 'close');
  client.socket.end();
  await Promise.all([client.closed, abandoned]);
  expect(client.heard).toBe('');
  await hearsNothing(rig);
});

test('L6 a client that goes in the middle of its request', async () => {
  const served: IncomingMessage[] = [];
  const rig = await startProxy((incoming) => {
    incoming.on('error', () => {});
    served.push(incoming);
  });
  for (let i = 1; i <= CALLS; i++) {
    const client = new RawClient(rig.port).send(
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf',
    );
    await vi.waitUntil(() => served.length === i);
    const incoming = served[i - 1] as IncomingMessage;
    const closed = new Promise((resolve) => incoming.once('close', resolve));
    incoming.resume();
    client.socket.destroy();
    await closed;
    // The upstream must not take half a body for a whole one.
    expect(incoming.complete).toBe(false);
  }
  await hearsNothing(rig);
});

test('L6 a client that goes in the middle of the answer', async () => {
  const served: ServerResponse[] = [];
  const rig = await startProxy((_, outgoing) => {
    outgoing.write('begun');
    served.push(outgoing);
  });
  for (let i = 1; i <= CALLS; i++) {
    const client = new RawClient(rig.port).send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await vi.waitUntil(() => client.heard.includes('begun'));
    const closed = once(served[i - 1] as ServerResponse, 'close');
    client.socket.destroy();
    await closed;
  }
  await hearsNothing(rig);
});

test('L6 a client that goes while it stands in line leaves it, and the upstream is not asked', async () => {
  const served: ServerResponse[] = [];
  const rig = await startProxy((_, outgoing) => void served.push(outgoing), {
    maxConcurrent: 1,
    queueTimeout: '1m',
  });
  const first = ask(rig.port);
  await vi.waitUntil(() => served.length === 1);
  const execute = vi.spyOn(rig.breaker, 'execute');
  const waiting = new RawClient(rig.port).send('GET /waiting HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await vi.waitUntil(() => execute.mock.calls.length === 1);
  waiting.socket.destroy();
  await expect(execute.mock.results[0]?.value).rejects.toMatchObject({ name: 'AbortError' });
  served[0]?.end();
  await first;
  expect(served).toHaveLength(1);
  await hearsNothing(rig);
});

for (const [how, begin] of Object.entries({
  'with a length': (outgoing: ServerResponse) =>
    outgoing.writeHead(200, { 'content-length': 1_000 }).write('half'),
  'in chunks': (outgoing: ServerResponse) => outgoing.write('half'),
}))
  test(`an upstream that breaks off in the middle of its answer, ${how}: counted, and no client takes it for whole`, async () => {
    const rig = await startProxy((_, outgoing) => {
      begin(outgoing);
      setImmediate(() => outgoing.socket?.destroy());
    });
    for (let i = 0; i < 3; i++) await expect(ask(rig.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await ask(rig.port)).status).toBe(503);
    expect(rig.breaker.state.transition).toMatchObject({ calls: 3, failures: 3, lastFailure: 'ECONNRESET' });
  });

test('a client of HTTP/1.0, whose answers end with their connection, gets a reset and no end', async () => {
  const rig = await startProxy((_, outgoing) => {
    outgoing.write('half');
    setImmediate(() => outgoing.socket?.destroy());
  });
  const client = new RawClient(rig.port);
  const error = new Promise((resolve) => client.socket.once('error', resolve));
  client.send('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n');
  expect(await error).toMatchObject({ code: 'ECONNRESET' });
});

test('an upstream that falls silent in the middle of its answer: cut off and counted', async () => {
  const rig = await startProxy((_, outgoing) => void outgoing.write('half'), { timeoutMs: 30 });
  for (let i = 0; i < 3; i++) await expect(ask(rig.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(rig.breaker.state).toMatchObject({ state: 'open', transition: { lastFailure: 'TimeoutError' } });
});

test('an upstream that goes on talking is not silent, however long it takes', async () => {
  const rig = await startProxy(
    (_, outgoing) => {
      let left = 12;
      const timer = setInterval(() => {
        outgoing.write('.');
        if (--left > 0) return;
        clearInterval(timer);
        outgoing.end();
      }, 50);
    },
    { timeoutMs: 400 },
  );
  expect((await ask(rig.port)).body).toBe('.'.repeat(12));
  await hearsNothing(rig);
});

test('a client that sends slowly does not make a slow upstream: neither a timeout nor a slow call', async () => {
  const clocks = stopClocks();
  const rig = await startProxy(
    (incoming, outgoing) => void incoming.resume().once('end', () => outgoing.end()),
    {
      timeoutMs: 400,
      slowCallDuration: 450,
      failureThreshold: 1,
    },
  );
  const outgoing = request({ host: '127.0.0.1', port: rig.port, method: 'POST' });
  const served = once(rig.upstream, 'request');
  outgoing.write('one');
  await served;
  await rest();
  clocks.pass(500);
  outgoing.end('two');
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(incoming.statusCode).toBe(200);
  await once(incoming.resume(), 'end');
  await hearsNothing(rig);
  expect(rig.breaker.state.evidence.slow).toBe(0);
});

test('an upstream that is slow itself is counted as slow', async () => {
  const rig = await startProxy((_, outgoing) => void setTimeout(() => outgoing.end(), 60), {
    slowCallDuration: 50,
    failureThreshold: 1,
  });
  await ask(rig.port);
  await vi.waitUntil(() => rig.breaker.state.state === 'open');
});

test('L6 a client that falls silent is given up, in its request and in the answer, and nobody is to blame', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const left: Promise<unknown>[] = [];
  const rig = await startProxy(
    (incoming, outgoing) => {
      left.push(new Promise((resolve) => outgoing.once('close', resolve)));
      incoming.on('error', () => {}).resume();
      if (incoming.method === 'GET') outgoing.write(Buffer.alloc(50_000_000));
    },
    { timeoutMs: 1_000 },
  );
  const sending = new RawClient(rig.port);
  sending.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
  await vi.waitUntil(() => left.length === 1);
  vi.advanceTimersByTime(60_000);
  await sending.closed;
  expect(sending.heard).toMatch(/^HTTP\/1\.1 408 .*connection: close.*"CLIENT_SILENT"/is);

  const reading = new RawClient(rig.port);
  reading.socket.pause();
  reading.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response] = (await once(rig.server, 'request')) as [unknown, ServerResponse];
  await vi.waitUntil(() => response.writableNeedDrain);
  vi.advanceTimersByTime(60_000);
  await Promise.all(left);
  await hearsNothing(rig);
});

test('a probe counts with its head: recovery does not wait for a stream to end', async () => {
  let well = false;
  const rig = await startProxy(
    (_, outgoing) => {
      if (well) outgoing.write('begun');
      else outgoing.writeHead(500).end();
    },
    { failureThreshold: 1, resetTimeout: 1, maxResetTimeout: 1 },
  );
  await ask(rig.port);
  well = true;
  const client = new RawClient(rig.port);
  await vi.waitUntil(() => {
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return client.heard.includes('begun');
  });
  await vi.waitUntil(() => rig.breaker.state.state === 'closed');
});

test('both sides keep their connections', async () => {
  const sockets = new Set<unknown>();
  const rig = await startProxy((incoming, outgoing) => {
    sockets.add(incoming.socket);
    outgoing.end('x');
  });
  const agent = keptAgent();
  let accepted = 0;
  rig.server.on('connection', () => accepted++);
  for (let i = 0; i < 5; i++) await ask(rig.port, { agent });
  expect(accepted).toBe(1);
  expect(sockets.size).toBe(1);
});

test("a kept connection that turns out to be closed is nobody's failure, and nothing with a body is sent twice", async () => {
  // Each connection is closed by its second request, as by a server whose patience has just ended.
  const seen: string[] = [];
  const upstream = createTcpServer((socket) => {
    socket.setEncoding('latin1').on('error', () => {});
    socket.once('data', (first: string) => {
      seen.push(first.slice(0, 4));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
      socket.once('data', () => socket.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  onTestFinished(() => void upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const rig = await startProxy(() => {}, { address: `http://127.0.0.1:${port}` });
  for (let i = 0; i < 5; i++) expect((await ask(rig.port)).body).toBe('x');
  await hearsNothing(rig);
  expect((await ask(rig.port, { method: 'POST' }, 'order')).status).toBe(502);
  expect(seen).toEqual(Array(5).fill('GET '));
});

test('an upstream that answers before it has read everything is heard, and what it did not read is dropped', async () => {
  const rig = await startProxy((incoming, outgoing) => {
    incoming.on('error', () => {});
    outgoing.writeHead(413).end('too long');
  });
  const agent = keptAgent();
  const answer = await ask(rig.port, { agent, method: 'POST' }, 'x'.repeat(5_000_000));
  expect(answer).toMatchObject({ status: 413, body: 'too long' });
  expect((await ask(rig.port, { agent })).status).toBe(413);
  await hearsNothing(rig);
});

test('what a client goes on sending after its answer is not sent on', async () => {
  const rig = await startProxy((incoming, outgoing) => {
    incoming.on('error', () => {});
    outgoing.writeHead(413).end('too long');
  });
  const served = once(rig.upstream, 'request');
  const client = new RawClient(rig.port);
  client.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
  const [incoming] = (await served) as [IncomingMessage];
  await new Promise((resolve) => incoming.socket.once('close', resolve));
  expect(incoming.complete).toBe(false);
  await vi.waitUntil(() => client.heard.includes('too long'));
  await hearsNothing(rig);
});
