import type { PolicyValues } from 'switchgear/operate';

/** Settings as they lie in the store, where what is off is a word, in the way that the library takes them. It judges them. */
export function asGiven(values: Readonly<Record<string, number | string>>): PolicyValues {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value === 'off' ? false : value]),
  );
}
