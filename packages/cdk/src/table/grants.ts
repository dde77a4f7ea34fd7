/** What the library's verbs ask of DynamoDB, as IAM says it. A test records the verbs and compares. */

import { directoryPartition, historyPrefix, type ResolvedLayout } from './layout.ts';

/**
 * `use`: what a process does that calls through circuits. `read`: who only looks. `operate`: who overrides, sets and clears.
 * `alarm`: who overrides alone. `workflow`: what the state machine does, which reads one item at a time.
 */
export type Role = 'use' | 'read' | 'operate' | 'alarm' | 'workflow';

type Partition = 'circuit' | 'history' | 'directory';

/** Actions on items, by the partition that they touch. */
function actions(role: Role, hasSortKey: boolean): Record<Partition, readonly string[]> {
  const history = hasSortKey ? 'Query' : 'BatchGetItem';
  switch (role) {
    case 'use':
      return {
        circuit: ['BatchGetItem', 'UpdateItem'],
        history: ['BatchGetItem', 'UpdateItem'],
        directory: ['UpdateItem'],
      };
    case 'read':
      return { circuit: ['BatchGetItem'], history: [history], directory: [history] };
    case 'operate':
      return {
        circuit: ['BatchGetItem', 'UpdateItem'],
        history: [history, 'UpdateItem'],
        directory: [history, 'UpdateItem'],
      };
    case 'alarm':
      return { circuit: ['BatchGetItem', 'UpdateItem'], history: ['UpdateItem'], directory: ['UpdateItem'] };
    case 'workflow':
      return { circuit: ['GetItem', 'UpdateItem'], history: ['UpdateItem'], directory: ['UpdateItem'] };
  }
}

/** Actions on the items whose partition keys match, as IAM matches them. */
export interface ItemRight {
  readonly actions: readonly string[];
  readonly leadingKeys: readonly string[];
}

/** What allows `role` on the items of `circuits` (absent: of all), and nothing else in a table that may hold other things. */
export function itemRights(role: Role, layout: ResolvedLayout, circuits?: readonly string[]): ItemRight[] {
  const names = circuits?.map(literal) ?? ['*'];
  const filed = layout.sortKey === null && circuits ? '#*' : '';
  const keys: Record<Partition, readonly string[]> = {
    circuit: names.map((name) => layout.keyPrefix + name),
    history: names.map((name) => historyPrefix(layout) + name + filed),
    directory: [directoryPartition(layout)],
  };
  const rights = new Map<string, { actions: Set<string>; leadingKeys: readonly string[] }>();
  for (const [partition, allowed] of Object.entries(actions(role, layout.sortKey !== null))) {
    const leadingKeys = keys[partition as Partition];
    // With a sort key the history lies in the circuit's own partition: one statement for both.
    const right = rights.get(leadingKeys.join()) ?? { actions: new Set<string>(), leadingKeys };
    for (const action of allowed) right.actions.add(`dynamodb:${action}`);
    rights.set(leadingKeys.join(), right);
  }
  return [...rights.values()].map((right) => ({ ...right, actions: [...right.actions].sort() }));
}

/** As a condition of IAM. */
export function onKeys({ leadingKeys }: ItemRight): Record<string, Record<string, readonly string[]>> {
  return { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } };
}

/** A name, where IAM would see a pattern. */
function literal(name: string): string {
  return name.replace(/[*?$]/g, (char) => `\${${char}}`);
}
