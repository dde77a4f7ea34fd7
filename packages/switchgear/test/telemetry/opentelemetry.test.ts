/** Metrics and span events through OpenTelemetry's own SDK, and Prometheus' format over HTTP. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { instrument } from '../../src/opentelemetry/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const refused = () => Promise.reject(Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
const quiet = () => {};

/** What `@opentelemetry/context-async-hooks` does. */
class StoredContext implements ContextManager {
  readonly #stored = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#stored.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    within: Context,
    run: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#stored.run(within, () => run.apply(self, args));
  }

  bind<T>(within: Context, target: T): T {
    if (typeof target !== 'function') return target;
    return ((...args: unknown[]) => this.#stored.run(within, () => target(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#stored.disable();
    return this;
  }
}

const spans = new InMemorySpanExporter();
const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });

beforeAll(() => {
  context.setGlobalContextManager(new StoredContext());
  trace.setGlobalTracerProvider(tracing);
});
afterAll(async () => {
  context.disable();
  trace.disable();
  await tracing.shutdown();
});

function rig() {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  return { clock, gear };
}

function collected() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  /** Every series as `metric{values of its attributes}`, with its value. */
  const read = async () => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((s) => s.metrics));
    const series = metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [
        `${descriptor.name}{${Object.values(attributes).join(' ')}}`,
        value,
      ]),
    );
    return { metrics, series: Object.fromEntries(series) as Record<string, number> };
  };
  return { meterProvider, read };
}

test('every series exists at zero from the moment that a breaker does', async () => {
  const { gear } = rig();
  const { meterProvider, read } = collected();
  const stop = instrument(gear, { meterProvider });
  expect((await read()).series).toEqual({});
  gear.breaker('payments');
  const { series, metrics } = await read();
  expect(series).toEqual({
    'switchgear.calls{payments success}': 0,
    'switchgear.calls{payments slow}': 0,
    'switchgear.calls{payments failure}': 0,
    'switchgear.calls{payments ignored}': 0,
    'switchgear.calls{payments rejected}': 0,
    'switchgear.calls{payments bulkhead-full}': 0,
    'switchgear.circuit.status{payments closed}': 1,
    'switchgear.circuit.status{payments ramp}': 0,
    'switchgear.circuit.status{payments forced-closed}': 0,
    'switchgear.circuit.status{payments disabled}': 0,
    'switchgear.circuit.status{payments open}': 0,
    'switchgear.circuit.status{payments half-open}': 0,
    'switchgear.circuit.status{payments forced-open}': 0,
    'switchgear.circuit.status{payments local-open}': 0,
    'switchgear.circuit.transitions{payments closed}': 0,
    'switchgear.circuit.transitions{payments open}': 0,
    'switchgear.circuit.transitions{payments half-open}': 0,
  });
  // Names as the conventions have them: dotted, lower case; a unit for each metric; attributes in the same namespace.
  for (const { descriptor, dataPoints } of metrics) {
    expect(descriptor.name).toMatch(/^switchgear(\.[a-z_]+)+$/);
    expect(descriptor.unit).toMatch(/^(\{\w+\}|1)$/);
    for (const key of Object.keys(dataPoints[0]?.attributes ?? {}))
      expect(key).toMatch(/^switchgear(\.[a-z_]+)+$/);
  }
  stop();
  await meterProvider.shutdown();
});

test('calls, states and transitions through an outage', async () => {
  const { gear, clock } = rig();
  const { meterProvider, read } = collected();
  const stop = instrument(gear, { meterProvider });
  const payments = gear.breaker('payments', { failureThreshold: 2 });
  for (let i = 0; i < 5; i++) await payments.execute(quiet);
  for (let i = 0; i < 2; i++) await payments.execute(refused).catch(quiet);
  await gear.flush();
  for (let i = 0; i < 3; i++) await payments.execute(quiet).catch(quiet);
  const during = await read();
  expect(during.series).toMatchObject({
    'switchgear.calls{payments success}': 5,
    'switchgear.calls{payments failure}': 2,
    'switchgear.calls{payments rejected}': 3,
    'switchgear.circuit.status{payments closed}': 0,
    'switchgear.circuit.status{payments open}': 1,
    'switchgear.circuit.transitions{payments open}': 1,
  });
  await clock.advance(12_000);
  await payments.execute(quiet);
  await gear.flush();
  const after = await read();
  expect(after.series).toMatchObject({
    'switchgear.calls{payments success}': 6,
    'switchgear.circuit.status{payments closed}': 1,
    'switchgear.circuit.status{payments open}': 0,
    'switchgear.circuit.transitions{payments half-open}': 1,
    'switchgear.circuit.transitions{payments closed}': 1,
  });
  stop();
  await payments.execute(quiet);
  // The SDK repeats what it last read; nobody counts any more.
  expect((await read()).series).toMatchObject({ 'switchgear.calls{payments success}': 6 });
  await meterProvider.shutdown();
});

test('a span has an event for each call that was rejected and each change that it brought about, and no other span has', async () => {
  const { gear, clock } = rig();
  const stop = instrument(gear);
  const payments = gear.breaker('payments', { failureThreshold: 1 });
  const tracer = tracing.getTracer('test');
  const inSpan = (name: string, run: () => Promise<unknown>) =>
    tracer.startActiveSpan(name, async (span) => {
      await run().catch(quiet);
      await clock.advance(0);
      span.end();
    });
  await inSpan('well', () => payments.execute(quiet));
  await Promise.all([
    inSpan('fails', () => payments.execute(refused)),
    inSpan('beside', () => gear.breaker('other').execute(quiet)),
  ]);
  await inSpan('refused', () => payments.execute(quiet));
  stop();
  await inSpan('unheard', () => payments.execute(quiet));
  const events = Object.fromEntries(
    spans.getFinishedSpans().map(({ name, events }) => [name, events.map((e) => [e.name, e.attributes])]),
  );
  expect(events).toEqual({
    well: [],
    beside: [],
    unheard: [],
    fails: [
      [
        'switchgear.circuit.transition',
        {
          'switchgear.circuit.name': 'payments',
          'switchgear.circuit.previous_state': 'closed',
          'switchgear.circuit.state': 'open',
          'switchgear.transition.reason': 'failures',
        },
      ],
    ],
    refused: [
      [
        'switchgear.call.rejected',
        {
          'switchgear.circuit.name': 'payments',
          'switchgear.circuit.state': 'open',
          'switchgear.circuit.retry_after_ms': 10_000,
        },
      ],
    ],
  });
});

test('without an SDK nothing happens, and calls go on', async () => {
  const { gear } = rig();
  const stop = instrument(gear);
  expect(await gear.breaker('payments').execute(() => 'well')).toBe('well');
  stop();
});

test('Prometheus reads it over HTTP', async () => {
  const { gear } = rig();
  const exporter = new PrometheusExporter({ host: '127.0.0.1', port: 0, preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const stop = instrument(gear, { meterProvider });
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

  const payments = gear.breaker('payments', { failureThreshold: 1 });
  const labels = (outcome: string) =>
    new RegExp(
      `^switchgear_calls_total\\{switchgear_circuit_name="payments",switchgear_call_outcome="${outcome}".*\\} (\\d+)$`,
      'm',
    );
  expect((await scrape()).match(labels('failure'))?.[1]).toBe('0');
  await payments.execute(refused).catch(quiet);
  await gear.flush();
  await payments.execute(quiet).catch(quiet);
  const text = await scrape();
  expect(text.match(labels('failure'))?.[1]).toBe('1');
  expect(text.match(labels('rejected'))?.[1]).toBe('1');
  expect(text).toMatch(/^switchgear_circuit_status\{.*switchgear_circuit_state="open".*\} 1$/m);
  expect(text).toMatch(/^# TYPE switchgear_calls_total counter$/m);
  expect(text).toMatch(/^# TYPE switchgear_circuit_status gauge$/m);
  stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await meterProvider.shutdown();
});
