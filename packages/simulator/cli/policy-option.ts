import type { GearSettings } from '@switchgear/simulator';
import { type BreakerOptions, ConfigurationError, MemoryStore, Switchgear } from 'switchgear';
import { BREAKER_OPTIONS, optionsFromEnv } from 'switchgear/config';

export interface PolicySettings {
  readonly policy: BreakerOptions;
  readonly gear: GearSettings;
}

/** Of a process, what a simulation leaves to be set. */
const GEAR_KEYS = ['cacheTtl', 'maxStale', 'storeTimeout', 'awaitReports'];

/**
 * Reads `failureThreshold=5,resetTimeout=30s`, by the library's own table of options: what it refuses in an environment
 * variable or in code is refused here, in the same words.
 */
export function policyOption(text: string, defaults: PolicySettings, problems: string[]): PolicySettings {
  const known = [
    ...Object.entries(BREAKER_OPTIONS).flatMap(([key, { kind }]) => (kind === 'function' ? [] : [key])),
    ...GEAR_KEYS,
  ];
  const env: Record<string, string> = {};
  for (const pair of text.split(',').filter(Boolean)) {
    const [key = '', value = '', ...more] = pair.split('=').map((part) => part.trim());
    if (!known.includes(key))
      problems.push(`--policy: '${key}' is not a setting; allowed: ${known.join(', ')}`);
    else if (!value || more.length)
      problems.push(`--policy: '${pair}' is not a setting; allowed: ${key}=value`);
    else env[variable(key)] = value;
  }
  const before = problems.length;
  const read = attempt(() => optionsFromEnv(env).options, problems);
  if (!read || problems.length > before) return defaults;
  const { defaults: own, circuits: _, ...gear } = read;
  // Read from text, durations are numbers.
  const settings = {
    policy: { ...defaults.policy, ...own },
    gear: { ...defaults.gear, ...(gear as GearSettings) },
  };
  // What single values do not tell: a lease shorter than the timeout, say.
  attempt(
    () => new Switchgear({ ...settings.gear, store: new MemoryStore(), defaults: settings.policy }),
    problems,
  );
  return settings;
}

function variable(key: string): string {
  return `SWITCHGEAR_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function attempt<T>(work: () => T, problems: string[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) problems.push(`--policy: ${inOwnWords(problem)}`);
    return undefined;
  }
}

/** `SWITCHGEAR_RESET_TIMEOUT is …` speaks of a variable that nobody has set. */
function inOwnWords(problem: string): string {
  return problem
    .replace(/\bSWITCHGEAR_([A-Z_]+)/g, (_, name: string) =>
      name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    )
    .replace(/^defaults\./, '');
}
