/** The stream of events, however the network cuts it. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ServerSentEvent, serverSentEvents } from '../src/api/server-sent-events.ts';

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(stream, () => {})) events.push(event);
  return events;
}

const TEXT =
  ': alive\n\nid: 3-1\n\nevent: circuit\nid: 3-2\ndata: {"name":"zähler ✕"}\n\n' +
  'event: sample\r\ndata: one\r\ndata: two\r\n\r\nevent: reset\rdata\r\rdata:no space\n\nevent: cut off\ndata: x';

it('is the same for every way to cut it into chunks, within a letter and within a line end too', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((to, i) => bytes.slice(edges[i], to));
      expect(await eventsOf(chunks)).toEqual([
        { event: 'circuit', id: '3-2', data: '{"name":"zähler ✕"}' },
        { event: 'sample', id: undefined, data: 'one\ntwo' },
        { event: 'reset', id: undefined, data: '' },
        { event: 'message', id: undefined, data: 'no space' },
      ]);
    }),
  );
});

it('says that something came, also where it was no event', async () => {
  let heard = 0;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(': alive\n\n'));
      controller.close();
    },
  });
  for await (const event of serverSentEvents(stream, () => heard++)) expect.fail(`no event: ${event.data}`);
  expect(heard).toBe(1);
});
