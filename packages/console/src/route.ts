/** Where the page is, in the address: a link to it shows the same to somebody else. */

import { GROUPS, type Group } from './words/state.ts';

export interface Route {
  /** The circuit whose details are shown; `undefined`: the board alone. */
  readonly circuit: string | undefined;
  readonly tab: 'now' | 'what-if';
  readonly search: string;
  /** `undefined`: all groups. */
  readonly group: Group | undefined;
}

/** Whatever stands in the address: it may be anybody's. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  const [, place, name, tab] = path.split('/');
  const params = new URLSearchParams(query);
  return {
    circuit: place === 'circuit' ? decoded(name) : undefined,
    tab: tab === 'what-if' ? 'what-if' : 'now',
    search: params.get('search') ?? '',
    group: GROUPS.find((each) => each === params.get('show')),
  };
}

export function addressOf({ circuit, tab, search, group }: Route): string {
  const params = new URLSearchParams();
  if (search) params.set('search', search);
  if (group) params.set('show', group);
  const path =
    circuit === undefined
      ? '/'
      : `/circuit/${encodeURIComponent(circuit)}${tab === 'what-if' ? '/what-if' : ''}`;
  return `#${path}${params.size > 0 ? `?${params}` : ''}`;
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text ? decodeURIComponent(text) : undefined;
  } catch {
    return undefined;
  }
}
