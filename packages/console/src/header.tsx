import type { LiveStatus } from './api/live-feed.ts';
import { LiveBadge } from './live-banner.tsx';
import { chooseTheme, useTheme } from './theme.ts';
import { useUnhurried } from './unhurried.ts';
import { plural } from './words/numbers.ts';
import type { Group } from './words/state.ts';

export interface HeaderProps {
  readonly status: LiveStatus;
  readonly counts: Readonly<Record<Group, number>>;
  readonly total: number;
  readonly help: () => void;
}

export function Header({ status, counts, total, help }: HeaderProps) {
  const words = headline(counts, total);
  const aloud = useUnhurried(words);
  const other = useTheme() === 'dark' ? 'light' : 'dark';
  return (
    <header class="head">
      <h1>Switchboard</h1>
      <LiveBadge status={status} />
      <p class="headline">{words}</p>
      <p class="unseen" role="status">
        {aloud}
      </p>
      <button type="button" onClick={help} aria-keyshortcuts="?">
        Keys
      </button>
      <button type="button" onClick={() => chooseTheme(other)}>
        {other === 'dark' ? 'Dark' : 'Light'}
      </button>
    </header>
  );
}

/** The whole fleet in one sentence. */
function headline({ open, probing, overridden }: HeaderProps['counts'], total: number): string {
  if (total === 0) return '';
  const parts = [
    open > 0 && `${open} open`,
    probing > 0 && `${probing} recovering`,
    overridden > 0 && `${overridden} by hand`,
  ].filter(Boolean);
  return parts.length === 0
    ? `${plural(total, 'circuit')}, all closed`
    : `${parts.join(', ')} of ${plural(total, 'circuit')}`;
}
