import { MemoryStore, Switchgear } from 'switchgear';
import { FakeClock } from 'switchgear/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { heedAlarm } from '../src/lambda/alarm.ts';
import { readEvent } from './events/read-event.ts';

const ON = readEvent('alarm-on');
const OFF = readEvent('alarm-off');
const ON_AT = Date.parse('2026-11-21T10:15:30.123Z');
const OFF_AT = Date.parse('2026-11-21T10:22:30.456Z');
const RULES = { maxOpenMs: 3_600_000, recoverAfterMs: 60_000 };
const circuit = 'payments';

let clock: FakeClock;
let store: MemoryStore;
beforeEach(() => {
  clock = new FakeClock(ON_AT + 2_000);
  store = new MemoryStore({ clock });
});

const heed = (event: unknown) => heedAlarm(event, { store, circuit, ...RULES });
const override = async () =>
  (await store.load([circuit], () => ({ bucketMs: 6_000, buckets: 10 })))[0]?.override;
const byAna = (mode: 'forced-open' | 'forced-closed' | 'release') =>
  store.override(circuit, { mode, by: 'ana', reason: 'I know better' });

/** The same event, said otherwise. */
const said = (event: object, at: number, more: object = {}) => {
  const detail = Reflect.get(event, 'detail') as { state: object };
  return {
    ...event,
    detail: { ...detail, ...more, state: { ...detail.state, timestamp: new Date(at).toISOString() } },
  };
};

describe('an alarm', () => {
  test('opens the circuit; its OK lets it recover after a while', async () => {
    expect(await heed(ON)).toBe('changed');
    expect(await override()).toMatchObject({
      mode: 'forced-open',
      by: 'alarm/payments-health-errors',
      reason: 'ALARM since 2026-11-21T10:15:30.123+00:00',
      untilMs: clock.now() + RULES.maxOpenMs,
    });
    await clock.advance(OFF_AT - clock.now());
    expect(await heed(OFF)).toBe('changed');
    expect(await override()).toMatchObject({
      mode: 'forced-open',
      untilMs: clock.now() + RULES.recoverAfterMs,
    });
  });

  test('that is over for a while ends in half-open: one probe decides, the others wait for it', async () => {
    await heed(ON);
    await clock.advance(OFF_AT - clock.now());
    await heed(OFF);
    const gear = new Switchgear({ store, clock, cacheTtl: 1_000 });
    const breaker = gear.breaker(circuit);
    const rejected = { code: 'CIRCUIT_OPEN' };
    await clock.advance(RULES.recoverAfterMs - 1_000);
    await expect(breaker.execute(async () => 'called')).rejects.toMatchObject(rejected);
    await clock.advance(2_000);
    const probe = breaker.execute(async () => {
      await expect(breaker.execute(async () => 'called')).rejects.toMatchObject(rejected);
      return 'well';
    });
    expect(await probe).toBe('well');
    await gear.flush();
    const [record] = await store.load([circuit], () => ({ bucketMs: 6_000, buckets: 10 }));
    expect(record).toMatchObject({ state: 'closed', transition: { from: 'half-open', reason: 'recovered' } });
    await gear.close();
  });

  test('that comes back before it has been OK for a while opens it again', async () => {
    await heed(ON);
    await clock.advance(OFF_AT - clock.now());
    await heed(OFF);
    await clock.advance(30_000);
    expect(await heed(said(ON, clock.now()))).toBe('changed');
    expect((await override())?.untilMs).toBe(clock.now() + RULES.maxOpenMs);
  });

  test('and a second alarm: the first holds the circuit', async () => {
    await heed(ON);
    expect(await heed(said(ON, clock.now(), { alarmName: 'another' }))).toBe('nothing');
    expect(await heed(said(OFF, clock.now(), { alarmName: 'another' }))).toBe('nothing');
  });
});

describe('of several', () => {
  const long = (end: string) => `a-stack-with-a-long-name-LedgerHealth${'Errors'.repeat(8)}-${end}`;

  test('whose long names begin alike, the first holds the circuit', async () => {
    await heed(said(ON, clock.now(), { alarmName: long('1A') }));
    const before = await override();
    expect(before?.by).toHaveLength(64);
    await clock.advance(1_000);
    expect(await heed(said(ON, clock.now(), { alarmName: long('2B') }))).toBe('nothing');
    expect(await heed(said(OFF, clock.now(), { alarmName: long('2B') }))).toBe('nothing');
    expect(await override()).toEqual(before);
    expect(await heed(said(OFF, clock.now(), { alarmName: long('1A') }))).toBe('changed');
  });

  test('an operator who acts while the event is heeded keeps the word', async () => {
    const load = store.load.bind(store);
    store.load = async (...args) => {
      const records = await load(...args);
      store.load = load;
      await byAna('forced-closed');
      return records;
    };
    expect(await heed(ON)).toBe('nothing');
    expect(await override()).toMatchObject({ by: 'ana', mode: 'forced-closed' });
  });
});

describe('changes nothing:', () => {
  test('an ALARM that comes again after an operator has released or cleared the circuit', async () => {
    await heed(ON);
    await byAna('release');
    expect(await heed(ON)).toBe('nothing');
    expect(await override()).toMatchObject({ by: 'ana', untilMs: clock.now() });
    await store.clear([circuit], { by: 'ana', reason: 'from the beginning' });
    expect(await heed(ON)).toBe('nothing');
    await clock.advance(1_000);
    expect(await heed(said(ON, clock.now())), 'news are heeded').toBe('changed');
  });

  test('an event that comes twice', async () => {
    await heed(ON);
    const before = await override();
    await clock.advance(1_000);
    expect(await heed(ON)).toBe('nothing');
    expect(await override()).toEqual(before);
  });

  test('an ALARM that comes after the OK that followed it', async () => {
    await heed(ON);
    await clock.advance(OFF_AT - clock.now());
    await heed(OFF);
    expect(await heed(ON)).toBe('nothing');
    await clock.advance(RULES.recoverAfterMs + 1);
    expect(await heed(ON), 'nor when the circuit is free again').toBe('nothing');
  });

  test('an OK where no alarm holds the circuit', async () => {
    await clock.advance(OFF_AT - clock.now());
    expect(await heed(OFF)).toBe('nothing');
    await byAna('forced-open');
    expect(await heed(OFF)).toBe('nothing');
  });

  test('an ALARM while an operator has the word', async () => {
    await byAna('forced-closed');
    expect(await heed(ON)).toBe('nothing');
    expect(await override()).toMatchObject({ by: 'ana', mode: 'forced-closed' });
  });

  test('an event that is old, or from the future', async () => {
    expect(await heed(said(ON, clock.now() - 16 * 60_000))).toBe('nothing');
    expect(await heed(said(ON, clock.now() + 2 * 60_000))).toBe('nothing');
    expect(await override()).toBeUndefined();
  });

  test.each([
    undefined,
    null,
    'ALARM',
    {},
    { source: 'aws.cloudwatch' },
    { ...ON, source: 'somebody' },
    { ...ON, 'detail-type': 'CloudWatch Alarm Configuration Change' },
    { ...ON, detail: null },
    { ...ON, detail: { alarmName: 'x' } },
    {
      ...ON,
      detail: { alarmName: '', state: { value: 'ALARM', timestamp: '2026-11-21T10:15:30.123+0000' } },
    },
    {
      ...ON,
      detail: {
        alarmName: 'x',
        state: { value: 'INSUFFICIENT_DATA', timestamp: '2026-11-21T10:15:30.123+0000' },
      },
    },
    { ...ON, detail: { alarmName: 'x', state: { value: 'ALARM', timestamp: 'yesterday' } } },
    { ...ON, detail: { alarmName: 'x', state: { value: 'ALARM', timestamp: 7 } } },
  ])('what is no change of an alarm: %j', async (event) => {
    expect(await heed(event)).toBe('nothing');
    expect(await override()).toBeUndefined();
  });
});
