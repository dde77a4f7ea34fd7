/** What happened to a circuit, in one line of events: its transitions, and what operators did. */

import type { History } from '@switchgear/cli/control-api';

type Transition = History['transitions'][number];
type Act = History['acts'][number];
type OverrideAct = Extract<Act, { kind: 'override' }>;
type PolicyAct = Extract<Act, { kind: 'policy' }>;

export type Happening =
  /** `endMs`: when the state that it began was over; absent: it is not. */
  | { readonly kind: 'transition'; readonly entry: Transition; readonly endMs: number | undefined }
  /** `endMs`: when it ends or ended; absent: with a release that has not come yet. */
  | { readonly kind: 'override'; readonly act: OverrideAct; readonly endMs: number | undefined }
  | { readonly kind: 'release'; readonly act: OverrideAct }
  | { readonly kind: 'policy'; readonly act: PolicyAct };

/** Newest first. */
export function timelineOf({ transitions, acts }: Pick<History, 'transitions' | 'acts'>): Happening[] {
  const happenings = [
    ...transitions.map((entry, i): Happening => {
      return { kind: 'transition', entry, endMs: transitions[i - 1]?.atMs };
    }),
    ...acts.map((act): Happening => {
      if (act.kind === 'policy') return { kind: 'policy', act };
      // What was in force until now is released at the moment of the act.
      if (act.untilMs === act.atMs) return { kind: 'release', act };
      return { kind: 'override', act, endMs: endOf(act, transitions, acts) };
    }),
  ];
  return happenings.sort((a, b) => atMsOf(b) - atMsOf(a));
}

export function atMsOf(happening: Happening): number {
  return happening.kind === 'transition' ? happening.entry.atMs : happening.act.atMs;
}

/** An override ends by itself, or with the operators' next word, or with a reset. */
function endOf(
  act: OverrideAct,
  transitions: readonly Transition[],
  acts: readonly Act[],
): number | undefined {
  const ends = [
    act.untilMs,
    ...acts
      .filter(({ kind, version }) => kind === 'override' && version > act.version)
      .map(({ atMs }) => atMs),
    ...transitions
      .filter(({ reason, atMs }) => reason === 'cleared' && atMs > act.atMs)
      .map(({ atMs }) => atMs),
  ].filter((endMs) => endMs !== undefined);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
