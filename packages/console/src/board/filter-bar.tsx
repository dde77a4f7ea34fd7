/** Search and groups, with how many circuits are in each. */

import type { Ref } from 'preact';
import type { Route } from '../route.ts';
import { count } from '../words/numbers.ts';
import { GROUP_LABELS, GROUPS, type Group } from '../words/state.ts';

export interface FilterBarProps {
  readonly route: Route;
  readonly go: (to: Partial<Route>, how?: 'replace') => void;
  readonly tally: Readonly<Record<Group, number>>;
  readonly total: number;
  readonly searchField: Ref<HTMLInputElement>;
}

export function FilterBar({ route, go, tally, total, searchField }: FilterBarProps) {
  const show = (group: Group | undefined) => go({ group });
  return (
    <search class="filter">
      <input
        ref={searchField}
        type="search"
        placeholder="Search   /"
        aria-label="Search circuits by name, operator or error"
        aria-keyshortcuts="/"
        value={route.search}
        onInput={(event) => go({ search: event.currentTarget.value }, 'replace')}
      />
      <fieldset class="groups">
        <legend class="unseen">Show</legend>
        <button type="button" aria-pressed={route.group === undefined} onClick={() => show(undefined)}>
          All <b>{count(total)}</b>
        </button>
        {GROUPS.map((group) => (
          <button
            key={group}
            type="button"
            data-group={group}
            data-some={tally[group] > 0}
            aria-pressed={route.group === group}
            onClick={() => show(route.group === group ? undefined : group)}
          >
            {GROUP_LABELS[group]} <b>{count(tally[group])}</b>
          </button>
        ))}
      </fieldset>
    </search>
  );
}
