/** Runs the simulator beside the page, which stays awake meanwhile. Whoever asks no more ends the worker. */

import { LEAD_MS, simulate } from '@switchgear/simulator';
import type { Answer, Outcome, Question } from './messages.ts';

async function answer({ simulation, store, now, whatIf }: Question): Promise<Answer> {
  const steps = 3;
  let step = 0;
  const run = async (strategy: 'none' | Question['store'], policy: Question['now']): Promise<Outcome> => {
    const [only] = await simulate(
      { ...simulation, strategies: [strategy], policy },
      { onProgress: ({ share }) => say({ kind: 'progress', share: (step + share) / steps }) },
    );
    step++;
    if (!only) throw new Error('the simulator gave no run');
    return { results: only.results, timeline: { seconds: only.timeline.seconds, processes: [] } };
  };
  // The changed settings first: they are the ones that may be refused.
  const changed = await run(store, whatIf);
  const trouble = { fromMs: LEAD_MS, untilMs: LEAD_MS + simulation.shape.outageMs };
  return { kind: 'done', trouble, whatIf: changed, now: await run(store, now), none: await run('none', now) };
}

function say(message: Answer): void {
  postMessage(message);
}

addEventListener('message', ({ data }: MessageEvent<Question>) => {
  answer(data).then(say, (error: Error & { problems?: readonly string[] }) =>
    say({ kind: 'refused', problems: error.problems ?? [error.message] }),
  );
});
