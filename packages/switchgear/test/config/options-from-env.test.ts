import { describe, expect, it } from 'vitest';
import { type EnvironmentOptions, optionsFromEnv } from '../../src/config/index.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { BREAKER_OPTIONS, GEAR_OPTIONS, resolveOptions } from '../../src/options.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    optionsFromEnv(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  throw new Error('was to be refused');
}

describe('optionsFromEnv', () => {
  it('reads the gear, what all circuits share and what one has', () => {
    const found = optionsFromEnv({
      PATH: '/bin',
      SWITCHGEAR_FAILURE_THRESHOLD: '5',
      SWITCHGEAR_RESET_TIMEOUT: '30s',
      SWITCHGEAR_PAYMENTS_FAILURE_THRESHOLD: '2',
      SWITCHGEAR_PAYMENTS_TIMEOUT: '1500',
      SWITCHGEAR_ORDER_SERVICE_MODE: 'shadow',
      SWITCHGEAR_CACHE_TTL: '2s',
      SWITCHGEAR_STORE_TIMEOUT: '250',
      SWITCHGEAR_PROCESS_ID: 'order-1',
      SWITCHGEAR_AWAIT_REPORTS: 'true',
      SWITCHGEAR_STORE: 'dynamodb://orders?region=eu-west-1',
    });
    expect(found).toMatchObject({
      options: {
        cacheTtl: 2_000,
        storeTimeout: 250,
        processId: 'order-1',
        awaitReports: true,
        defaults: { failureThreshold: 5, resetTimeout: 30_000 },
        circuits: { payments: { failureThreshold: 2, timeout: 1_500 }, 'order-service': { mode: 'shadow' } },
      },
      store: 'dynamodb://orders?region=eu-west-1',
    } satisfies Partial<EnvironmentOptions>);
  });

  it('knows a circuit of several words in each usual spelling, and one of a single word once', () => {
    const env = { SWITCHGEAR_ORDER_SERVICE_V2_QUORUM: '2', SWITCHGEAR_PAYMENTS_QUORUM: '3' };
    const names = ['order-service-v2', 'order_service_v2', 'order.service.v2', 'orderServiceV2', 'payments'];
    const { circuits } = optionsFromEnv(env).options;
    expect(Object.keys(circuits)).toEqual(names);
    expect(circuits.orderServiceV2).toEqual({ quorum: 2 });
  });

  it('of an empty environment is empty', () => {
    const found = optionsFromEnv({ SWITCHGEAR_TIMEOUT: '', SWITCHGEAR_STORE: ' ' });
    expect(found).toEqual({ options: { defaults: {}, circuits: {} } });
  });

  it('takes the longest name of an option, and never a part of one for a circuit', () => {
    const { circuits, defaults } = optionsFromEnv({
      SWITCHGEAR_PAYMENTS_MAX_RESET_TIMEOUT: '1m',
      SWITCHGEAR_MAX_RESET_TIMEOUT: '2m',
      SWITCHGEAR_PAYMENTS_QUEUE_TIMEOUT: '1s',
      SWITCHGEAR_SLOW_CALL_RATIO: '0.7',
    }).options;
    expect(circuits).toEqual({ payments: { maxResetTimeout: 60_000, queueTimeout: 1_000 } });
    expect(defaults).toEqual({ maxResetTimeout: 120_000, slowCallRatio: 0.7 });
  });

  it.each(['false', 'off', 'OFF', 'Infinity'])('turns off with %s what can be off', (off) => {
    const { defaults } = optionsFromEnv({ SWITCHGEAR_TIMEOUT: off, SWITCHGEAR_MAX_CONCURRENT: off }).options;
    expect(defaults).toEqual({ timeout: Number.POSITIVE_INFINITY, maxConcurrent: Number.POSITIVE_INFINITY });
    expect(resolveOptions('payments', [defaults, { timeout: 5 }]).timeout).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['False', false],
    ['0', false],
  ])(
    'SWITCHGEAR_DISABLED=%s: is it %s that calls go through after a hundred failures?',
    async (text, through) => {
      const gear = new Switchgear({
        store: new MemoryStore(),
        ...optionsFromEnv({ SWITCHGEAR_DISABLED: text }).options,
      });
      const payments = gear.breaker('payments');
      const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
      for (let i = 0; i < 100; i++) await payments.execute(() => Promise.reject(refused)).catch(() => {});
      const outcome = await payments.execute(() => 'through').catch((error: unknown) => error);
      if (through) expect(outcome).toBe('through');
      else expect(outcome).toMatchObject({ code: 'CIRCUIT_OPEN', lastFailure: 'ECONNREFUSED' });
      await gear.close();
    },
  );

  it('expresses each default of the tables, and takes it back', () => {
    for (const table of [BREAKER_OPTIONS, GEAR_OPTIONS])
      for (const [key, spec] of Object.entries(table)) {
        if (!('default' in spec) || spec.default === undefined) continue;
        const variable = `SWITCHGEAR_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
        const { defaults, circuits, ...gear } = optionsFromEnv({ [variable]: String(spec.default) }).options;
        expect({ ...defaults, ...gear }).toEqual({ [key]: spec.default });
      }
  });

  it('says everything that is wrong at once, with the value and what is allowed', () => {
    expect(
      problemsOf({
        SWITCHGEAR_FAILURE_THRESHOLD: '0',
        SWITCHGEAR_PAYMENTS_JITTER: 'a lot',
        SWITCHGEAR_RESET_TIMEOUT: '30 sec',
        SWITCHGEAR_MODE: 'on',
        SWITCHGEAR_DISABLED: 'yes',
        SWITCHGEAR_STORE: 'postgres://cache',
      }),
    ).toEqual([
      "SWITCHGEAR_FAILURE_THRESHOLD is '0'; allowed: a whole number from 1 to 1000000",
      "SWITCHGEAR_PAYMENTS_JITTER is 'a lot'; allowed: a number from 0 to 1",
      "SWITCHGEAR_RESET_TIMEOUT is '30 sec'; allowed: milliseconds or a duration like '30s', from 1 to 86400000",
      "SWITCHGEAR_MODE is 'on'; allowed: enforce or shadow",
      "SWITCHGEAR_DISABLED is 'yes'; allowed: true or false",
      expect.stringMatching(
        /^SWITCHGEAR_STORE: postgres: is no kind of store; allowed: memory: or dynamodb:/,
      ),
    ]);
  });

  it.each([
    ['SWITCHGEAR_FAILURE_TRESHOLD', ', did you mean SWITCHGEAR_FAILURE_THRESHOLD?'],
    ['SWITCHGEAR_PAYMENTS_FAILURE_TRESHOLD', ', did you mean SWITCHGEAR_PAYMENTS_FAILURE_THRESHOLD?'],
    ['SWITCHGEAR_ORDER_SERVICE_TIMOUT', ', did you mean SWITCHGEAR_ORDER_SERVICE_TIMEOUT?'],
    ['SWITCHGEAR_CACHETTL', ', did you mean SWITCHGEAR_CACHE_TTL?'],
    ['SWITCHGEAR_STOR', ', did you mean SWITCHGEAR_STORE?'],
    ['SWITCHGEAR_IS_BREAKABLE', ''],
    ['SWITCHGEAR__TIMEOUT', ', did you mean SWITCHGEAR_TIMEOUT?'],
    ['SWITCHGEAR_PAYMENTS__TIMEOUT', ', did you mean SWITCHGEAR_PAYMENTS_TIMEOUT?'],
    ['SWITCHGEAR__PAYMENTS_TIMEOUT', ', did you mean SWITCHGEAR_PAYMENTS_TIMEOUT?'],
    ['SWITCHGEAR_PAYMENTS_TIMEOUT_', ', did you mean SWITCHGEAR_PAYMENTS_TIMEOUT?'],
    ['SWITCHGEAR_PAYMENTS_TIME_OUT', ', did you mean SWITCHGEAR_PAYMENTS_TIMEOUT?'],
    ['SWITCHGEAR_PAYMENTS_MAXQUEUE', ', did you mean SWITCHGEAR_PAYMENTS_MAX_QUEUE?'],
    ['SWITCHGEAR-TIMEOUT', ', did you mean SWITCHGEAR_TIMEOUT?'],
    ['SWITCH_GEAR_TIMEOUT', ', did you mean SWITCHGEAR_TIMEOUT?'],
    ['switchgear_payments_timeout', ', did you mean SWITCHGEAR_PAYMENTS_TIMEOUT?'],
    ['SWITCHGEAR_', ''],
  ])('refuses %s%s', (variable, suggestion) => {
    expect(problemsOf({ [variable]: '1' })).toEqual([`${variable} is not a setting${suggestion}`]);
  });

  it('leaves to others what is theirs: another prefix, and what Kubernetes tells of a Service by this name', () => {
    const env = {
      SWITCHGEARS: '1',
      'switchgear-home': '/opt',
      SWITCHGEAR_SERVICE_HOST: '10.0.0.7',
      SWITCHGEAR_SERVICE_PORT: '4280',
      SWITCHGEAR_SERVICE_PORT_HTTP: '4280',
      SWITCHGEAR_PORT: 'tcp://10.0.0.7:4280',
      SWITCHGEAR_PORT_4280_TCP_ADDR: '10.0.0.7',
      SWITCHGEAR_SIDECAR_SERVICE_HOST: '10.0.0.8',
      SWITCHGEAR_SIDECAR_PORT_4281_TCP: 'tcp://10.0.0.8:4281',
    };
    expect(optionsFromEnv(env)).toEqual(optionsFromEnv({}));
    const { circuits } = optionsFromEnv({ SWITCHGEAR_SERVICE_PORT_TIMEOUT: '5' }).options;
    expect(circuits['service-port']).toEqual({ timeout: 5 });
  });

  it('refuses what only the gear has for one circuit', () => {
    expect(problemsOf({ SWITCHGEAR_PAYMENTS_STORE: 'memory:' })).toHaveLength(1);
    expect(problemsOf({ SWITCHGEAR_PAYMENTS_CACHE_TTL: '1s' })).toHaveLength(1);
  });

  it('a list of names has commas between them; true means all', () => {
    const pinned = (value: string) => optionsFromEnv({ SWITCHGEAR_PINNED: value }).options.defaults.pinned;
    expect(pinned('quorum, failureThreshold')).toEqual(['quorum', 'failureThreshold']);
    expect(pinned('true')).toContain('rampFrom');
    expect(() => pinned('quorum,timeout')).toThrow(
      "SWITCHGEAR_PINNED is 'quorum,timeout'; allowed: true, or a list",
    );
  });
});

it('what the environment says to the command line and the control API is no setting of circuits', () => {
  const env = {
    SWITCHGEAR_BY: 'ana',
    SWITCHGEAR_TOKEN: 'secret',
    SWITCHGEAR_VIEWER_TOKEN: 'secret',
    SWITCHGEAR_REPORTER_TOKEN: 'secret',
  };
  expect(optionsFromEnv(env)).toEqual(optionsFromEnv({}));
});
