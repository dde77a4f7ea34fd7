/** An expression where ASL takes a value, on one line: some tools read no further. */
export function jsonata(expression: string): string {
  return `{% ${expression.trim().replace(/\s*\n\s*/g, ' ')} %}`;
}

/** A string literal. */
export function literal(text: string): string {
  return JSON.stringify(text);
}
