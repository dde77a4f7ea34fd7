/** Whether what is shown is live; and if not, since when, why, and what is done about it. */

import type { LiveFeed, LiveStatus } from './api/live-feed.ts';
import type { Fleet } from './fleet/fleet.ts';
import { useNow } from './fleet/now.ts';
import { duration, moment, remaining } from './words/time.ts';

/** In the header, always. */
export function LiveBadge({ status }: { readonly status: LiveStatus }) {
  const words = {
    connecting: 'connecting …',
    live: 'live',
    stalled: 'not live',
    lost: 'not live',
    locked: 'locked',
  }[status.kind];
  return (
    <span class="live-badge" data-live={status.kind} role="status">
      {words}
    </span>
  );
}

export interface LiveBannerProps {
  readonly feed: LiveFeed;
  readonly status: LiveStatus;
  readonly fleet: Fleet;
}

/** Above everything, as long as it is not live. */
export function LiveBanner({ feed, status, fleet }: LiveBannerProps) {
  const nowMs = useNow(fleet);
  if (status.kind !== 'lost' && status.kind !== 'stalled') return null;
  const why = status.kind === 'lost' ? status.why : 'the server cannot read the store';
  return (
    <div class="banner">
      <p>
        <b role="alert">Not live: {why}.</b>{' '}
        {fleet.pictures === 0
          ? 'Nothing has been read yet.'
          : `What you see is from ${moment(status.sinceMs, nowMs)}, ${duration(nowMs - status.sinceMs)} ago.`}{' '}
        {status.kind === 'lost' && retryWords(status.retryAtMs - nowMs)}
      </p>
      {status.kind === 'lost' && (
        <button type="button" onClick={() => feed.retry()}>
          Try now
        </button>
      )}
    </div>
  );
}

function retryWords(inMs: number): string {
  return inMs > 0 ? `Trying again in ${remaining(inMs)}.` : 'Trying again …';
}

/** The same in one sentence, for who is about to act. */
export function staleness(status: LiveStatus, nowMs: number): string | undefined {
  if (status.kind === 'live') return undefined;
  if (!('sinceMs' in status)) return 'This page is not live.';
  return `This page is not live since ${moment(status.sinceMs, nowMs)}.`;
}
