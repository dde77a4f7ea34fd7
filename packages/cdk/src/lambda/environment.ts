/** What a function of this package finds in its environment, set by its construct. */

import type { OperatorStore } from 'switchgear';
import { createStore, optionsFromEnv } from 'switchgear/config';

/** @throws Error with its name, where the construct has not set it. */
export function required(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = env[name];
  if (!value) throw new Error(`environment variable ${name} is not set`);
  return value;
}

/** The store at `SWITCHGEAR_STORE`. */
export async function storeFromEnv(): Promise<OperatorStore> {
  const { store } = optionsFromEnv();
  if (!store) throw new Error('environment variable SWITCHGEAR_STORE is not set');
  return createStore(store);
}
