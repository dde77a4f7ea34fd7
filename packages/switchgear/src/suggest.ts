/** The one of `words` that somebody may have meant by `word`, as `, did you mean …?`; empty if none is near. */
export function didYouMean(word: string, words: Iterable<string>): string {
  const all = [...words];
  for (let slips = 0; slips <= 3 && slips < word.length / 2; slips++) {
    const near = all.find((each) => reaches(word.toLowerCase(), each.toLowerCase(), slips));
    if (near) return `, did you mean ${near}?`;
  }
  return '';
}

/** Whether at most so many `slips` (a letter too many, too few or wrong) lie between `a` and `b`. */
function reaches(a: string, b: string, slips: number): boolean {
  if (!a || !b) return a.length + b.length <= slips;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return reaches(restA, restB, slips);
  if (!slips--) return false;
  return reaches(restA, b, slips) || reaches(a, restB, slips) || reaches(restA, restB, slips);
}
