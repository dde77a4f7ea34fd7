import type { Fleet } from './fleet/fleet.ts';
import { plural } from './words/numbers.ts';
import { shown } from './words/text.ts';

/** Circuits that are missing on the board although they are there: silence would be a lie. */
export function Unreadable({ circuits }: { readonly circuits: Fleet['unreadable'] }) {
  if (circuits.length === 0) return null;
  return (
    <div class="banner">
      <p>
        <b>{plural(circuits.length, 'circuit')} cannot be read:</b>{' '}
        {circuits.map(({ name, problem }) => `${shown(name)} (${shown(problem)})`).join('; ')}
      </p>
    </div>
  );
}
