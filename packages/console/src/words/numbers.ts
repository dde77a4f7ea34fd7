/** Counts and shares as people read them. */

const COUNT = new Intl.NumberFormat('en-GB');

export function count(value: number): string {
  return COUNT.format(value);
}

/** `7 %`; below one in a hundred with a digit, so that little is not nothing. */
export function percent(ratio: number): string {
  const hundredths = ratio * 100;
  if (hundredths > 0 && hundredths < 0.1) return '< 0.1 %';
  return `${hundredths > 0 && hundredths < 1 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

/** `1 call`, `2 calls`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
