/** What each route does. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Clock, OperatorStore } from 'switchgear';
import { Operator } from 'switchgear/operate';
import { circuitView } from '../circuits/circuit-view.ts';
import { readRecords } from '../circuits/read-records.ts';
import { type Changes, type Request, readCircuit } from './changes.ts';
import type { Passed } from './gate.ts';
import { StoreHealth } from './health.ts';
import type { SampleSeries } from './live/sample-series.ts';
import { eventStream, type Live } from './live/stream.ts';
import type { ToldTraffic } from './live/told-traffic.ts';
import { metricsText } from './metrics.ts';
import { Refusal } from './problem.ts';
import * as routes from './routes.ts';

export interface Desk {
  readonly store: OperatorStore;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly series: SampleSeries;
  /** Absent where nobody watches the store. */
  readonly live: Live | undefined;
  /** Absent where nobody watches the store, or calls are counted beside this server. */
  readonly told: ToldTraffic | undefined;
  readonly authorOf: (c: Context<Passed>) => string;
}

export function mountRoutes(app: OpenAPIHono<Passed>, desk: Desk): void {
  mountReads(app, desk);
  mountChanges(app, desk);
  app.openapi(routes.reportTraffic, (c) => {
    if (!desk.told) throw new Refusal(501, 'TAKES_NO_TRAFFIC', 'this server takes no counts of calls');
    desk.told.take(c.req.valid('json'));
    return c.body(null, 204);
  });
}

function mountReads(app: OpenAPIHono<Passed>, { store, clock, series, live }: Desk): void {
  const operator = new Operator({ store });
  const health = new StoreHealth(store, clock);
  const nowMs = () => store.now() ?? clock.now();

  app.openapi(routes.listCircuits, async (c) => {
    const { records, unreadable } = await readRecords(store);
    const readMs = nowMs();
    const circuits = records.map((record) => circuitView(record, readMs));
    return c.json({ nowMs: readMs, circuits, unreadable: [...unreadable] }, 200);
  });
  app.openapi(routes.getCircuit, async (c) =>
    c.json(await readCircuit(store, c.req.valid('param').name), 200),
  );
  app.openapi(routes.getHistory, async (c) => {
    const { name } = c.req.valid('param');
    const { limit } = c.req.valid('query');
    const [transitions, acts] = await Promise.all([
      operator.history(name, limit),
      operator.acts(name, limit),
    ]);
    return c.json({ name, transitions, acts }, 200);
  });
  app.openapi(routes.getPolicy, async (c) => {
    const { policy, versions } = await readCircuit(store, c.req.valid('param').name);
    return c.json(policy ?? null, 200, { etag: `"${versions.policy}"` });
  });
  app.openapi(routes.getOverride, async (c) => {
    const { override, versions } = await readCircuit(store, c.req.valid('param').name);
    return c.json(override ?? null, 200, { etag: `"${versions.override}"` });
  });
  app.openapi(routes.getSamples, (c) => {
    const { sinceMs, circuit } = c.req.valid('query');
    return c.json({ samples: series.since(sinceMs, circuit) }, 200);
  });
  app.openapi(routes.streamEvents, (c) => {
    if (!live)
      throw new Refusal(
        501,
        'NOT_LIVE',
        'this server does not watch the store; ask /v1/circuits again instead',
      );
    return eventStream(c, live, c.req.valid('header')['last-event-id']);
  });
  app.openapi(routes.getHealth, async (c) => {
    if (await health.readable()) return c.json({ status: 'ok' as const, problems: [] }, 200);
    return c.json({ status: 'degraded' as const, problems: ['the store cannot be read'] }, 503);
  });
  app.openapi(routes.getMetrics, async (c) => {
    const { records, unreadable } = await readRecords(store);
    const readMs = nowMs();
    const circuits = records.map((record) => circuitView(record, readMs));
    return c.text(metricsText(circuits, unreadable.length), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  });
}

function mountChanges(app: OpenAPIHono<Passed>, { changes, authorOf }: Desk): void {
  /** Every change may say which version of what it replaces its author has seen. */
  const request = (
    c: Context<Passed>,
    { name }: { readonly name: string },
    { reason }: { readonly reason: string },
    { 'if-match': tag = '*' }: { readonly 'if-match'?: string | undefined },
  ): Request => ({
    circuit: name,
    reason,
    by: authorOf(c),
    role: c.get('caller').role,
    ...(tag !== '*' && { ifVersion: Number(tag.slice(1, -1)) }),
  });

  app.openapi(routes.putOverride, async (c) => {
    const body = c.req.valid('json');
    const asked = request(c, c.req.valid('param'), body, c.req.valid('header'));
    return c.json(await changes.override(asked, body), 200);
  });
  app.openapi(routes.deleteOverride, async (c) => {
    const asked = request(c, c.req.valid('param'), c.req.valid('json'), c.req.valid('header'));
    return c.json(await changes.release(asked), 200);
  });
  app.openapi(routes.resetCircuit, async (c) => {
    const asked = request(c, c.req.valid('param'), c.req.valid('json'), c.req.valid('header'));
    return c.json(await changes.reset(asked), 200);
  });
  app.openapi(routes.announceRecovery, async (c) => {
    const asked = request(c, c.req.valid('param'), c.req.valid('json'), c.req.valid('header'));
    return c.json(await changes.recovered(asked), 200);
  });
  app.openapi(routes.announceOutage, async (c) => {
    const body = c.req.valid('json');
    const asked = request(c, c.req.valid('param'), body, c.req.valid('header'));
    return c.json(await changes.outage(asked, body), 200);
  });
  app.openapi(routes.putPolicy, async (c) => {
    const body = c.req.valid('json');
    const asked = request(c, c.req.valid('param'), body, c.req.valid('header'));
    return c.json(await changes.policy(asked, body.values), 200);
  });
  app.openapi(routes.deletePolicy, async (c) => {
    const asked = request(c, c.req.valid('param'), c.req.valid('json'), c.req.valid('header'));
    return c.json(await changes.policy(asked, null), 200);
  });
}
