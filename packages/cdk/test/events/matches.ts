/** As much of EventBridge's patterns as this package writes; what it does not know it refuses. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((one) => matchesValue(one, value));
  return Object.entries(pattern as object).every(([key, part]) =>
    matches(part, Reflect.get(Object(value), key)),
  );
}

function matchesValue(wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === value;
  const [[rule, argument] = [], ...more] = Object.entries(wanted);
  if (rule !== 'prefix' || more.length > 0) throw new Error(`no such rule: ${JSON.stringify(wanted)}`);
  return typeof value === 'string' && value.startsWith(String(argument));
}
