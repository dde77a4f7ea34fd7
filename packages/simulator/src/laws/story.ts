import type { Violation } from './law.ts';
import type { Plan } from './plan.ts';

/** A plan, for people. */
export function planText({
  seed,
  store,
  asks,
  processes,
  rps,
  skewMs,
  policy,
  cacheTtlMs,
  ...plan
}: Plan): string {
  const { troubledMs, scenes, chaos } = plan;
  const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
  const fleet =
    processes === 'lambda' ? 'Lambda instances' : processes === 1 ? '1 process' : `${processes} processes`;
  const faults = [
    chaos.everyMs < 1e6 &&
      `a blow (freeze, crash, store cut off) every ${seconds(chaos.everyMs)} in the mean`,
    chaos.troubled > 0 && `${100 * chaos.troubled} % of requests lost, refused, late or unanswered`,
    chaos.deadly > 0 && `${100 * chaos.deadly} % of requests freeze or crash their sender`,
    chaos.operators && 'operators override and clear',
  ].filter(Boolean);
  const settings = Object.entries({ ...policy, cacheTtl: cacheTtlMs }).map(
    ([key, value]) => `${key}=${value}`,
  );
  const told = scenes.map(({ fromMs, failureRatio, ignoredRatio, hangs, only }) => {
    const what = [
      failureRatio > 0 && `${100 * failureRatio} % fail`,
      ignoredRatio > 0 && `${100 * ignoredRatio} % end in an error that says nothing`,
      hangs && 'calls outlast their timeout',
    ].filter(Boolean);
    return `  from ${seconds(fromMs)}: ${what.join(', ') || 'all is well'}${only === undefined ? '' : `, for p${only} alone`}`;
  });
  return [
    `seed ${seed}: ${fleet} on ${store}, ${rps} calls/s by ${asks}, clocks up to ${seconds(skewMs)} off, trouble for ${seconds(troubledMs)}`,
    `faults: ${faults.join('; ') || 'none'}`,
    `settings: ${settings.join(', ')}`,
    'dependency:',
    ...told,
  ].join('\n');
}

export function violationText({ law, atMs, process, what }: Violation): string {
  return `${law} is broken at ${(atMs / 1_000).toFixed(3)} s: ${process} ${what}`;
}
