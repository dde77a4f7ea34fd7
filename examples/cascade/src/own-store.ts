/** A store that the user has: looked at before anything starts, and watched from within the processes that use it. */

import { type Store, type StoreProblem, Switchgear } from 'switchgear';
import { createStore } from 'switchgear/config';
import { Operator } from 'switchgear/operate';
import type { StoreCall } from './embedded-store.ts';
import { now } from './note.ts';

/** Variable by which the payment processes learn the address. */
const VARIABLE = 'CASCADE_STORE';
/** Whatever else lies there has other names. */
export const OWN_CIRCUIT = 'switchgear-demo';

/** Verbs by which a breaker reads and writes. */
const VERBS = new Map<string | symbol, 'read' | 'write'>([
  ['load', 'read'],
  ['filed', 'read'],
  ['report', 'write'],
  ['settle', 'write'],
  ['lease', 'write'],
  ['transition', 'write'],
]);

/** Thrown with everything that keeps the store from being used. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/**
 * Makes `address` the store of all processes that are started from now on, and closes the demo's circuit there.
 * @returns what is worth knowing about it, in words. @throws StoreRefused; ConfigurationError for an address that is none.
 */
export async function prepareOwnStore(address: string): Promise<string[]> {
  const store = await createStore(address);
  const gear = new Switchgear({ store });
  try {
    const problems = await gear.check();
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length > 0)
      throw new StoreRefused(
        `the store of --store cannot be used:\n${errors.map((problem) => `  - ${words(problem)}`).join('\n')}`,
      );
    // An earlier run may have left it open.
    await new Operator({ store }).clearStates([OWN_CIRCUIT], { by: 'demo', reason: 'a new run' });
    process.env[VARIABLE] = address;
    return problems.map(words);
  } finally {
    await gear.close();
  }
}

/** In a payment process: the store, which tells `noted` of each call. */
export async function ownStore(noted: (call: StoreCall) => void): Promise<Store> {
  const store = await createStore(process.env[VARIABLE] ?? '');
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      const kind = VERBS.get(key);
      return (...args: unknown[]) => {
        if (kind) noted({ at: now(), write: kind === 'write' });
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function words({ what, mend }: StoreProblem): string {
  return `${what}; ${mend}`;
}
