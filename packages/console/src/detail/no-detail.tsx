import { addressOf, type Route } from '../route.ts';
import { shown } from '../words/text.ts';
import { Close } from './close.tsx';

/** In the place of details: a link may be older than the store. On a phone it covers the board, so that it needs a way back. */
export function NoDetail({ route }: { readonly route: Route & { readonly circuit: string } }) {
  return (
    <section class="detail" aria-label="Details">
      <header>
        <Close href={addressOf({ ...route, circuit: undefined, tab: 'now' })} />
      </header>
      <p>There is no circuit of this name: {shown(route.circuit)}</p>
    </section>
  );
}
