import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BREAKER_DESCRIPTIONS, GEAR_DESCRIPTIONS } from '../src/config/describe.ts';
import { parseDuration } from '../src/duration.ts';
import { ConfigurationError } from '../src/errors.ts';
import {
  BREAKER_OPTIONS,
  type BreakerOptions,
  GEAR_OPTIONS,
  type GearOptions,
  type OptionSpec,
  resolveGearOptions,
  resolveOptions,
} from '../src/options.ts';

const TABLES: readonly [string, Readonly<Record<string, OptionSpec>>, (options: object) => object][] = [
  ['breaker', BREAKER_OPTIONS, (options) => resolveOptions('payments', [options])],
  ['gear', GEAR_OPTIONS, (options) => resolveGearOptions(options)],
];

/** What must go along with an option's least value so that the rules between options hold. */
const TOGETHER: Record<string, BreakerOptions | GearOptions> = {
  maxResetTimeout: { resetTimeout: 1 },
  maxStale: { cacheTtl: 1 },
};

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  throw new Error('was to be refused');
}

describe.each(TABLES)('%s options', (_, table, resolve) => {
  const options = Object.entries(table);
  const numeric = options.filter(([, spec]) =>
    ['duration', 'number', 'integer', 'ratio'].includes(spec.kind),
  );
  const valid = (key: string, value: unknown) => ({ ...TOGETHER[key], [key]: value });
  const refused = (key: string, value: unknown) => problemsOf(() => resolve({ [key]: value })).join('\n');

  it('without any are the defaults of the table, frozen', () => {
    const resolved = resolve({});
    expect(Object.isFrozen(resolved)).toBe(true);
    for (const [key, spec] of options)
      if (spec.default !== undefined)
        expect({ [key]: (resolved as never)[key] }).toEqual({ [key]: spec.default });
  });

  it.each(options.filter(([, { default: value }]) => value !== undefined))(
    '%s: its default is allowed',
    (key, spec) => {
      expect(resolve({ [key]: spec.default })).toMatchObject({ [key]: spec.default });
    },
  );

  it.each(numeric)('%s: its minimum is allowed, less is not', (key, { min = 0 }) => {
    expect(resolve(valid(key, min))).toMatchObject({ [key]: min });
    expect(refused(key, min - 1)).toMatch(`${key} is ${min - 1}; allowed: `);
  });

  it.each(numeric)('%s: more than its maximum is refused', (key, { max = Number.NaN }) => {
    expect(refused(key, max + 1)).toMatch(`to ${max}`);
  });

  it.each(options)(
    '%s: NaN, null, a wrong type and an unreadable text are refused, with the value',
    (key, spec) => {
      expect(refused(key, Number.NaN)).toMatch(`${key} is NaN; allowed: `);
      expect(refused(key, null)).toMatch(`${key} is null; allowed: `);
      expect(refused(key, {})).toMatch(`${key} is an object; allowed: `);
      expect(refused(key, Symbol('s'))).toMatch(`${key} is Symbol(s); allowed: `);
      if (spec.kind !== 'text') expect(refused(key, 'three')).toMatch(`${key} is 'three'; allowed: `);
      if (spec.kind !== 'boolean' && spec.kind !== 'names')
        expect(refused(key, true)).toMatch(`${key} is true; allowed: `);
    },
  );

  it.each(options)('%s: false, and endless, only where it can be off', (key, spec) => {
    if (spec.off !== undefined) expect(resolve({ [key]: false })).toMatchObject({ [key]: spec.off });
    else if (spec.kind !== 'boolean') expect(refused(key, false)).toMatch(`${key} is false; allowed: `);
    if (spec.off === Number.POSITIVE_INFINITY)
      expect(resolve({ [key]: Number.POSITIVE_INFINITY })).toMatchObject({ [key]: Number.POSITIVE_INFINITY });
    else expect(refused(key, Number.POSITIVE_INFINITY)).toMatch(`${key} is Infinity; allowed: `);
  });

  it.each(options)('%s: undefined counts as absent', (key) => {
    const given = key === 'processId' ? {} : { ...(table === GEAR_OPTIONS && { processId: 'order-1' }) };
    expect(resolve({ ...given, [key]: undefined })).toEqual({
      ...resolve(given),
      ...(key === 'processId' && { processId: expect.any(String) }),
    });
  });

  it.each(options)('%s: a slip of the pen is refused, with a suggestion', (key) => {
    expect(problemsOf(() => resolve({ [`${key}s`]: 1 }))).toEqual([
      `${key}s is not an option, did you mean ${key}?`,
    ]);
    const lower = key.toLowerCase();
    if (lower !== key)
      expect(problemsOf(() => resolve({ [lower]: 1 })).join()).toMatch(`did you mean ${key}?`);
  });

  it('integers are whole', () => {
    for (const [key, spec] of numeric)
      if (spec.kind === 'integer') expect(refused(key, 1.5)).toMatch('a whole number');
  });

  it('keys of every object are unknown too', () => {
    for (const key of ['constructor', 'toString', '__proto__'])
      expect(problemsOf(() => resolve(JSON.parse(`{"${key}": 1}`)))).toEqual([`${key} is not an option`]);
  });
});

describe('resolveOptions', () => {
  it('says everything at once, and of which circuit', () => {
    const wrong = { failureTreshold: 3, timeout: -1, mode: 'off', isFailure: 1 } as unknown as BreakerOptions;
    expect(problemsOf(() => resolveOptions('payments', [wrong]))).toEqual([
      'failureTreshold is not an option, did you mean failureThreshold?',
      "timeout is -1; allowed: milliseconds or a duration like '30s', from 1 to 86400000, or false",
      "mode is 'off'; allowed: enforce or shadow",
      'isFailure is 1; allowed: a function',
    ]);
    expect(() => resolveOptions('payments', [wrong])).toThrow(/invalid configuration of "payments"/);
  });

  it('takes options over defaults over the table, and writes into neither', () => {
    const defaults = Object.freeze({ failureThreshold: 7, resetTimeout: '30s', timeout: 5 } as const);
    const options = Object.freeze({ failureThreshold: 2, timeout: false } as const);
    expect(resolveOptions('payments', [options, defaults])).toMatchObject({
      failureThreshold: 2,
      resetTimeout: 30_000,
      timeout: Number.POSITIVE_INFINITY,
      quorum: 1,
    });
  });

  it('a wrong default is no problem where an option covers it', () => {
    expect(resolveOptions('payments', [{ quorum: 2 }, { quorum: Number.NaN }]).quorum).toBe(2);
  });

  it.each<[BreakerOptions, string]>([
    [{ maxResetTimeout: '5s' }, 'maxResetTimeout is 5000; allowed: at least resetTimeout, 10000'],
    [{ leaseDuration: '1s', timeout: '2s' }, 'leaseDuration is 1000; allowed: at least timeout, 2000'],
  ])('refuses what does not go together: %o', (options, problem) => {
    expect(problemsOf(() => resolveOptions('payments', [options]))).toEqual([problem]);
  });

  it('L3 a lease covers the call’s deadline and a margin', () => {
    expect(resolveOptions('payments').leaseDuration).toBe(31_000);
    expect(resolveOptions('payments', [{ timeout: '2s' }]).leaseDuration).toBe(3_000);
    expect(resolveOptions('payments', [{ leaseDuration: '10s' }]).leaseDuration).toBe(10_000);
  });

  it.each([[''], ['x'.repeat(256)], [undefined], [7], [null]])('refuses %o as a name', (name) => {
    expect(problemsOf(() => resolveOptions(name as string))).toEqual([expect.stringMatching(/^name is /)]);
  });

  it.each([[null], ['fast'], [3]])('refuses %o for options', (options) => {
    expect(problemsOf(() => resolveOptions('payments', [options as never]))).toEqual([
      expect.stringMatching(/^options is .*; allowed: a plain object$/),
    ]);
  });

  class Settings {
    failureThreshold = 5;
    get timeout() {
      return '2s';
    }
  }
  it.each<[string, unknown, string]>([
    ['an empty list', [], 'a list'],
    ['a map', new Map([['timeout', '2s']]), 'an object'],
    ['an instance, of whose class a getter would be passed over', new Settings(), 'an object'],
    ['what inherits settings', Object.create({ timeout: '2s' }), 'an object'],
    ['a promise', Promise.resolve({}), 'an object'],
    ['a function', () => ({}), 'a function'],
  ])('refuses %s for options', (_, options, shown) => {
    const refusal = (of: string) => [`${of} is ${shown}; allowed: a plain object`];
    expect(problemsOf(() => resolveOptions('payments', [options as never]))).toEqual(refusal('options'));
    expect(problemsOf(() => resolveGearOptions(options as never))).toEqual(refusal('options'));
    expect(problemsOf(() => resolveGearOptions({}, options as never))).toEqual(refusal('defaults'));
    expect(problemsOf(() => resolveGearOptions({}, {}, options as never))).toEqual(refusal('circuits'));
    expect(problemsOf(() => resolveGearOptions({}, {}, { payments: options as never }))).toEqual(
      refusal('circuits.payments'),
    );
  });

  it('takes what is plain, frozen or without a prototype or not', () => {
    const bare = Object.assign(Object.create(null), { quorum: 2 });
    for (const options of [bare, Object.freeze({ quorum: 2 }), new Proxy({ quorum: 2 }, {})])
      expect(resolveOptions('payments', [options]).quorum).toBe(2);
  });

  it('passes over no key: symbols and hidden ones are unknown too', () => {
    const hidden = Object.defineProperty({ [Symbol('timeout')]: 5 }, 'quorun', { value: 2 });
    expect(problemsOf(() => resolveOptions('payments', [hidden as never]))).toEqual([
      'quorun is not an option, did you mean quorum?',
      'Symbol(timeout) is not an option',
    ]);
  });

  it('throws what a getter throws, and nothing in its place', () => {
    const mine = new Error('no settings today');
    const options = {
      get timeout(): number {
        throw mine;
      },
    };
    expect(() => resolveOptions('payments', [options])).toThrow(mine);
  });

  it.each([
    [{ quorum: 3n }, 'quorum is 3n; allowed: a whole number'],
    [{ quorum: [3] }, 'quorum is a list; allowed: a whole number'],
    [{ quorum: '3' }, "quorum is '3'; allowed: a whole number"],
    [{ quorum: Object(3) }, 'quorum is an object; allowed: a whole number'],
    [{ timeout: '2 s' }, "timeout is '2 s'; allowed: milliseconds or a duration"],
    [{ timeout: '2sec' }, "timeout is '2sec'"],
    [{ timeout: '1e99h' }, "timeout is '1e99h'"],
    [{ timeout: new Date(5) }, 'timeout is an object'],
    [{ timeout: -0 }, 'timeout is 0'],
    [{ jitter: Number.NEGATIVE_INFINITY }, 'jitter is -Infinity'],
    [{ pinned: [['quorum']] }, 'pinned is a list; allowed: true, or a list of'],
    [{ failureThreshold: { min: 3 } }, 'failureThreshold is an object'],
  ])('refuses %o', (options, problem) => {
    expect(problemsOf(() => resolveOptions('payments', [options as never]))).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it('keeps the caller’s functions', () => {
    const isFailure = (response: Response) => response.status >= 500;
    expect(resolveOptions('payments', [{ isFailure }]).isFailure).toBe(isFailure);
    expect('isBreakable' in resolveOptions('payments')).toBe(false);
  });
});

describe('resolveGearOptions', () => {
  it('checks the defaults of its breakers as well', () => {
    const wrong = { cacheTtl: 0 } as GearOptions;
    expect(problemsOf(() => resolveGearOptions(wrong, { backoff: 0, jitterr: 1 } as BreakerOptions))).toEqual(
      [
        "cacheTtl is 0; allowed: milliseconds or a duration like '30s', from 1 to 86400000",
        'defaults.jitterr is not an option, did you mean jitter?',
        'defaults.backoff is 0; allowed: a number from 1 to 100',
      ],
    );
  });

  it('checks the names of circuits as well', () => {
    expect(
      problemsOf(() => resolveGearOptions({}, {}, { '': { quorum: 2 }, ['x'.repeat(256)]: {} })),
    ).toEqual([expect.stringMatching("^name is ''"), expect.stringMatching(/^name is 'x+'/)]);
  });

  it('L10 knowledge is relied on for twice the time it is fresh', () => {
    expect(resolveGearOptions({ cacheTtl: '3s' }).maxStale).toBe(6_000);
    expect(problemsOf(() => resolveGearOptions({ maxStale: '4s' }))).toEqual([
      'maxStale is 4000; allowed: at least cacheTtl, 5000',
    ]);
  });

  it('L13 awaits reports where nothing runs between invocations', () => {
    expect(resolveGearOptions().awaitReports).toBe(false);
    process.env.AWS_LAMBDA_FUNCTION_NAME = 'orders';
    try {
      expect(resolveGearOptions().awaitReports).toBe(true);
      expect(resolveGearOptions({ awaitReports: false }).awaitReports).toBe(false);
    } finally {
      delete process.env.AWS_LAMBDA_FUNCTION_NAME;
    }
  });

  it('gives each process a name of its own', () => {
    expect(resolveGearOptions().processId).not.toBe(resolveGearOptions().processId);
    expect(resolveGearOptions({ processId: 'order-1' }).processId).toBe('order-1');
    expect(problemsOf(() => resolveGearOptions({ processId: '' })).join()).toMatch("processId is ''");
  });
});

describe('durations', () => {
  it.each([
    [250, 250],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    ['30'],
    ['30 s'],
    ['s'],
    ['-1s'],
    ['1e3s'],
    ['30S'],
    ['1d'],
    [''],
    [null],
    [undefined],
    [true],
    [['30s']],
  ])('%o is none', (value) => expect(parseDuration(value)).toBeNaN());
});

describe('the descriptions', () => {
  it('are the words of the types, and name the defaults of the table', () => {
    const source = readFileSync(new URL('../src/options.ts', import.meta.url), 'utf8');
    const [types = ''] = source.split('export interface ResolvedOptions');
    const documented = [...types.matchAll(/\/\*\* ([^\n]*) \*\/\n {2}(?:readonly )?(\w+)\?/g)].map((m) => [
      m[2],
      m[1],
    ]);
    expect(Object.fromEntries(documented)).toEqual({ ...BREAKER_DESCRIPTIONS, ...GEAR_DESCRIPTIONS });
    const specs: Record<string, OptionSpec> = { ...BREAKER_OPTIONS, ...GEAR_OPTIONS };
    for (const [key, text] of documented as [string, string][]) {
      const said = /Default:? (.*)\.$/.exec(text)?.[1] ?? '';
      const { kind, default: value, off } = specs[key] as OptionSpec;
      if (value === undefined || typeof value === 'boolean') continue;
      if (value === off) expect([key, said]).toEqual([key, 'off']);
      else if (kind === 'duration') expect([key, inMs(said)]).toEqual([key, value]);
      else expect([key, said.replaceAll('`', '')]).toEqual([key, String(value)]);
    }
  });
});

it('half a character is no name: stores could not tell it from another half', () => {
  expect(() => resolveOptions('caf\ud83d')).toThrow(/name is/);
  expect(() => resolveOptions('café 😀')).not.toThrow();
});

function inMs(words: string): number {
  const [amount, unit = ''] = words.split(' ');
  const units: Record<string, string> = {
    milliseconds: 'ms',
    seconds: 's',
    second: 's',
    minutes: 'm',
    minute: 'm',
  };
  return parseDuration(`${amount}${units[unit]}`);
}
