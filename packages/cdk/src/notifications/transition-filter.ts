/**
 * Which records of the table's stream are a circuit's change of state, as patterns of EventBridge; one that matches any of
 * them. A pattern cannot compare two images, so there is one for each state that a circuit can leave, and one for a circuit
 * whose first record is open.
 */

import { type ResolvedLayout, resolveLayout } from '../table/layout.ts';

const STATES = ['closed', 'open', 'half-open'] as const;

export function transitionPatterns(layout: ResolvedLayout = resolveLayout()): readonly object[] {
  const { partitionKey, sortKey, keyPrefix } = layout;
  const keys = {
    [partitionKey]: { S: [{ prefix: keyPrefix }] },
    ...(sortKey !== null && { [sortKey]: { S: ['STATE'] } }),
  };
  const changed = STATES.map((state) => ({
    eventName: ['MODIFY'],
    dynamodb: {
      Keys: keys,
      OldImage: { state: { S: [state] } },
      NewImage: { state: { S: STATES.filter((other) => other !== state) } },
    },
  }));
  const begun = {
    eventName: ['INSERT'],
    dynamodb: { Keys: keys, NewImage: { state: { S: ['open', 'half-open'] } } },
  };
  return [...changed, begun];
}

const image = '$.dynamodb.NewImage';

/** What is told of a transition: texts, since a stream has numbers as texts. `id` is the same however often it is told. */
export function noticeTemplate({ partitionKey }: ResolvedLayout): Readonly<Record<string, string>> {
  return {
    key: `<$.dynamodb.Keys.${partitionKey}.S>`,
    id: `<${image}.epochId.S>`,
    epoch: `<${image}.epoch.N>`,
    from: `<${image}.transition.M.from.S>`,
    to: `<${image}.transition.M.to.S>`,
    reason: `<${image}.transition.M.reason.S>`,
    by: `<${image}.transition.M.by.S>`,
    atMs: `<${image}.transition.M.atMs.N>`,
  };
}
