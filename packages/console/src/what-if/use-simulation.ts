import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, Question } from './messages.ts';

export type SimulationState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly share: number }
  | Exclude<Answer, { kind: 'progress' }>;

/** A simulation in a worker of its own: how far it is, and ways to start and to end it. */
export function useSimulation(): [SimulationState, (question: Question) => void, () => void] {
  const [state, setState] = useState<SimulationState>({ kind: 'idle' });
  const worker = useRef<Worker>(undefined);
  const stop = () => {
    worker.current?.terminate();
    worker.current = undefined;
    setState({ kind: 'idle' });
  };
  // Nobody waits for the answer of a page that is gone.
  useEffect(() => stop, []);

  const run = (question: Question) => {
    stop();
    const running = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.current = running;
    setState({ kind: 'running', share: 0 });
    running.onmessage = ({ data }: MessageEvent<Answer>) => {
      // What it said last may arrive after it was ended.
      if (worker.current !== running) return;
      if (data.kind === 'progress') setState({ kind: 'running', share: data.share });
      else {
        running.terminate();
        setState(data);
      }
    };
    running.onerror = () => setState({ kind: 'refused', problems: ['the simulator could not be started'] });
    running.postMessage(question);
  };
  return [state, run, stop];
}
