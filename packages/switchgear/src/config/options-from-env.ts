/**
 * Options from environment variables.
 *
 *     SWITCHGEAR_FAILURE_THRESHOLD=5                  every circuit
 *     SWITCHGEAR_ORDER_SERVICE_FAILURE_THRESHOLD=2    circuit `order-service`
 *     SWITCHGEAR_CACHE_TTL=2s                         the gear
 *     SWITCHGEAR_STORE=dynamodb://orders              see `createStore`
 */

import { ConfigurationError } from '../errors.ts';
import {
  accept,
  allowed,
  BREAKER_OPTIONS,
  type BreakerOptions,
  GEAR_OPTIONS,
  type GearOptions,
  type OptionSpec,
} from '../options.ts';
import { didYouMean } from '../suggest.ts';
import { addressProblems } from './store-address.ts';

/** What the environment says. */
export interface EnvironmentOptions {
  /** For `new Switchgear({ ...options, store })`. What the code says to `breaker` comes before it. */
  readonly options: GearOptions & {
    readonly defaults: BreakerOptions;
    /** By the name of the circuit, in every usual spelling of several words: `order-service`, `order_service`, `order.service`, `orderService`. */
    readonly circuits: Readonly<Record<string, BreakerOptions>>;
  };
  /** Address for `createStore`. */
  readonly store?: string;
}

type Values = Record<string, unknown>;

const PREFIX = 'SWITCHGEAR_';
/** The prefix in any spelling: another than the right one may be a slip, or somebody else's. */
const MEANT = /^switch[-_]?gear[-_]/i;
/** Of the command line and the control API: who acts, and who may. */
const FOREIGN = new Set(['BY', 'TOKEN', 'VIEWER_TOKEN', 'REPORTER_TOKEN']);
/** What Kubernetes tells every container of a Service by the name of `switchgear`, or of one that begins with it. */
const SERVICE = /(^|_)(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;
/** Words that a circuit's name can have there: in `PAYMENTS__TIMEOUT` is one too few. */
const CIRCUIT = /^[^_]+(_[^_]+)*$/;
const GEAR = settable(GEAR_OPTIONS);
const BREAKER = settable(BREAKER_OPTIONS);

/**
 * Reads all `SWITCHGEAR_…` variables; empty ones count as absent. A name is an option of the gear, else one of all
 * circuits, else the longest name of an option that it ends with, after the circuit's: `PAYMENTS_MAX_RESET_TIMEOUT` is
 * `maxResetTimeout` of `payments`, never `resetTimeout` of `payments-max`.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem, unknown variables among them.
 *
 * @example
 * const { options, store = 'memory:' } = optionsFromEnv();
 * const gear = new Switchgear({ ...options, store: await createStore(store) });
 */
export function optionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): EnvironmentOptions {
  const problems: string[] = [];
  const gear: Values = {};
  const defaults: Values = {};
  const circuits = new Map<string, Values>();
  let store: string | undefined;

  for (const [variable, raw] of Object.entries(env)) {
    const value = raw?.trim();
    if (!MEANT.test(variable) || !value) continue;
    const name = variable.replace(MEANT, '');
    if (!variable.startsWith(PREFIX)) {
      const right = PREFIX + name.replaceAll('-', '_').toUpperCase();
      if ([...known(right)].includes(right))
        problems.push(`${variable} is not a setting, did you mean ${right}?`);
      continue;
    }
    if (FOREIGN.has(name)) continue;
    const set = (values: Values, { key, spec }: Setting) => {
      const meaning = accept(spec, fromText(spec, value));
      if (meaning === undefined) problems.push(`${variable} is '${value}'; allowed: ${allowed(spec)}`);
      else values[key] = meaning;
    };
    const ofGear = GEAR.get(name);
    const ofAll = BREAKER.get(name);
    const [suffix, ofOne] = ofGear || ofAll ? [] : longestSuffix(name);
    if (name === 'STORE') {
      store = value;
      problems.push(...addressProblems(value).map((problem) => `${variable}: ${problem}`));
    } else if (ofGear) set(gear, ofGear);
    else if (ofAll) set(defaults, ofAll);
    else if (suffix && ofOne) {
      const circuit = name.slice(0, -suffix.length - 1);
      const values = circuits.get(circuit) ?? {};
      circuits.set(circuit, values);
      set(values, ofOne);
    } else if (!SERVICE.test(name))
      problems.push(`${variable} is not a setting${didYouMean(variable, known(variable))}`);
  }
  if (problems.length) throw new ConfigurationError(problems);
  const spelt = [...circuits].flatMap(([name, values]) => spellings(name).map((each) => [each, values]));
  return {
    options: { ...gear, defaults, circuits: Object.fromEntries(spelt) },
    ...(store !== undefined && { store }),
  };
}

/** Names of circuits that the environment calls `name`: a variable cannot tell them apart. */
function spellings(name: string): string[] {
  const words = name.toLowerCase().split('_');
  const capitals = words.slice(1).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return [words.join('-'), words.join('_'), words.join('.'), [words[0], ...capitals].join('')];
}

/** `failureThreshold` is `FAILURE_THRESHOLD`. */
function upperSnake(key: string): string {
  return key.replace(/[A-Z]/g, '_$&').toUpperCase();
}

interface Setting {
  readonly key: string;
  readonly spec: OptionSpec;
}

/** The options that a text can express, by their names in the environment. */
function settable(table: Readonly<Record<string, OptionSpec>>): ReadonlyMap<string, Setting> {
  const settings = Object.entries(table).filter(([, { kind }]) => kind !== 'function');
  return new Map(settings.map(([key, spec]) => [upperSnake(key), { key, spec }]));
}

function longestSuffix(name: string): [string, Setting] | [] {
  let found: [string, Setting] | [] = [];
  for (const entry of BREAKER)
    if (name.endsWith(`_${entry[0]}`) && entry[0].length > (found[0]?.length ?? 0)) found = entry;
  return found[0] && CIRCUIT.test(name.slice(0, -found[0].length - 1)) ? found : [];
}

/** Every variable that this one may be a misspelling of, for a circuit whose name is the words that are left over. */
function* known(variable: string): Generator<string> {
  yield `${PREFIX}STORE`;
  for (const option of [...GEAR.keys(), ...BREAKER.keys()]) yield PREFIX + option;
  const words = variable.slice(PREFIX.length).split('_').filter(Boolean);
  for (let left = words.length - 1; left > 0; left--)
    for (const option of BREAKER.keys()) yield `${PREFIX}${words.slice(0, left).join('_')}_${option}`;
}

function fromText({ kind, off }: OptionSpec, value: string): unknown {
  if (kind === 'boolean')
    return ({ true: true, 1: true, false: false, 0: false } as Values)[value.toLowerCase()];
  if (kind === 'names') return value === 'true' || value.split(/\s*,\s*/);
  if (kind === 'choice' || kind === 'text') return value;
  if (off !== undefined && /^(false|off)$/i.test(value)) return false;
  const number = Number(value);
  return kind === 'duration' && Number.isNaN(number) ? value : number;
}
