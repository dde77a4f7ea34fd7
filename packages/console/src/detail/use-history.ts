import type { Circuit, HistoryEntry } from '@switchgear/cli/control-api';
import { useEffect, useState } from 'preact/hooks';
import { type ControlApi, failureWords } from '../api/control-api.ts';

/** Newest first; `undefined` until the first answer. */
export type TransitionHistory = readonly HistoryEntry[] | { readonly problem: string } | undefined;

/** The transitions of one circuit, read anew with each new epoch, and with each whole picture: one that failed is asked again. */
export function useHistory(
  api: ControlApi,
  { name, epoch }: Pick<Circuit, 'name' | 'epoch'>,
  pictures: number,
): TransitionHistory {
  const [history, setHistory] = useState<TransitionHistory>();
  useEffect(() => {
    const asking = new AbortController();
    api.history(name, asking.signal).then(
      ({ transitions }) => setHistory(transitions),
      (error: unknown) => {
        if (!asking.signal.aborted) setHistory({ problem: failureWords(error) });
      },
    );
    return () => asking.abort();
  }, [api, name, epoch.id, pictures]);
  return history;
}
