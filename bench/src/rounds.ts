/** Timing that survives a noisy machine: contenders take turns in short rounds, and medians are compared. */

export type Work = () => unknown;

/** Nanoseconds per call of each contender: the median over the rounds. */
export type Timings<Name extends string> = Record<Name, number>;

/** Every contender runs once per round, so that what slows the machine down slows them all. */
export async function timeInTurn<Name extends string>(
  contenders: Record<Name, Work>,
  { rounds, calls, onRound }: { rounds: number; calls: number; onRound: (round: number) => void },
): Promise<Timings<Name>> {
  const names = Object.keys(contenders) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  // Round 0 warms up: it is run and not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const nanoseconds = await timeCalls(contenders[name], calls);
      if (round > 0) samples.get(name)?.push(nanoseconds);
    }
    onRound(round);
  }
  return Object.fromEntries(names.map((name) => [name, median(samples.get(name) ?? [])])) as Timings<Name>;
}

async function timeCalls(work: Work, calls: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) await work();
  return Number(process.hrtime.bigint() - start) / calls;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The smallest value that a share `q` of all does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
