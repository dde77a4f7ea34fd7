/** The one of `words` that somebody may have meant by `word`, as `, did you mean …?`; empty if none is near. */
export function didYouMean(word: string, words: Iterable<string>): string {
  let nearest: string | undefined;
  let least = word.length < 6 ? 2 : 3;
  for (const each of words) {
    const steps = distance(word.toLowerCase(), each.toLowerCase());
    if (steps > least || (steps === least && nearest)) continue;
    least = steps;
    nearest = each;
  }
  return nearest ? `, did you mean ${nearest}?` : '';
}

/** Letters to add, remove or replace to get from `a` to `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let k = 0; k < b.length; k++) {
      const replaced = Number(row[k]) + (letter === b[k] ? 0 : 1);
      next.push(Math.min(replaced, Number(row[k + 1]) + 1, Number(next[k]) + 1));
    }
    row = next;
  }
  return Number(row[b.length]);
}
