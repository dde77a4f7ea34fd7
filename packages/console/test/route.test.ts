/** Addresses: there and back again, and no address breaks the page. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressOf, parseRoute, type Route } from '../src/route.ts';
import { GROUPS } from '../src/words/state.ts';

it('shows the same to whoever follows it, whatever a circuit is called', () => {
  const route: fc.Arbitrary<Route> = fc
    .record({
      circuit: fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined }),
      tab: fc.constantFrom('now' as const, 'what-if' as const),
      search: fc.string({ unit: 'grapheme' }),
      group: fc.constantFrom(undefined, ...GROUPS),
    })
    .filter(({ circuit, tab }) => circuit !== undefined || tab === 'now');
  fc.assert(
    fc.property(route, (route) => {
      expect(parseRoute(addressOf(route))).toEqual(route);
    }),
  );
});

it('takes anything for an address', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseRoute(`#${text}`).search).toBeTypeOf('string');
    }),
  );
  expect(parseRoute('#/circuit/%E0%A4%A')).toEqual({
    circuit: undefined,
    tab: 'now',
    search: '',
    group: undefined,
  });
});
