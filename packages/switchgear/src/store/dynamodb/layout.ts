/** Where things lie in the table, with a sort key and without. `docs/protocol.md` draws it. */

import type { Epoch } from '../../core/record.ts';
import { ConfigurationError } from '../../errors.ts';
import { type OptionSpec, readOptions } from '../../options.ts';
import type { OperatorAct } from '../contract.ts';
import type { AttributeValue, Item } from './transport.ts';

/** Names in the table. All may be those of an existing single-table design. */
export interface TableLayout {
  readonly tableName: string;
  /** Attribute of the partition key, a string. Default `PK`. */
  readonly partitionKey?: string;
  /** Attribute of the sort key, a string; `null` for a table without one. Default `SK`. */
  readonly sortKey?: string | null;
  /** Begins each circuit's partition key. Default `CIRCUIT#`. */
  readonly keyPrefix?: string;
  /** Attribute that the table's TTL is set to. Default `ttl`. */
  readonly ttlAttribute?: string;
}

const NAME_OF: OptionSpec = { kind: 'text', min: 1, max: 255 };
/** What each name may be; a table may go by its ARN. */
const LAYOUT = {
  tableName: { ...NAME_OF, max: 1_024, required: true },
  partitionKey: { ...NAME_OF, default: 'PK' },
  sortKey: { ...NAME_OF, default: 'SK' },
  keyPrefix: { kind: 'text', min: 0, max: 255, default: 'CIRCUIT#' },
  ttlAttribute: { ...NAME_OF, default: 'ttl' },
} as const satisfies Record<keyof TableLayout, OptionSpec>;

/** Sort key of the record, and what those of its filed transitions begin with. */
const STATE = 'STATE';
export const HISTORY = 'HISTORY#';
/** Begins the sort keys of operators' acts. */
export const ACT = 'ACT#';
/** Begins the sort keys of the directory. */
export const NAME = 'NAME#';

/**
 * A layout, complete.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function resolveLayout(layout: TableLayout): Required<TableLayout> {
  const problems: string[] = [];
  const { sortKey, ...others } = layout;
  const names = readOptions(LAYOUT, [sortKey === null ? others : layout], problems);
  if (problems.length) throw new ConfigurationError(problems);
  return { ...names, ...(sortKey === null && { sortKey }) } as unknown as Required<TableLayout>;
}

/** Makes keys. Whatever a circuit's name has in it, two things never share a key. */
export class Keys {
  readonly partitionKey: string;
  readonly sortKey: string | null;
  readonly #prefix: string;

  constructor({ partitionKey, sortKey, keyPrefix }: Required<TableLayout>) {
    this.partitionKey = partitionKey;
    this.sortKey = sortKey;
    this.#prefix = keyPrefix;
  }

  record(name: string): Item {
    return this.key(this.partition(name), STATE);
  }

  /** Partition of a circuit. */
  partition(name: string): string {
    return this.#prefix + name;
  }

  /** Without a sort key a filed transition is found by its number alone. */
  history(name: string, { number, id }: Epoch): Item {
    const padded = String(number).padStart(12, '0');
    return this.sortKey === null
      ? this.key(`${HISTORY}${this.partition(name)}#${padded}`)
      : this.key(this.partition(name), `${HISTORY}${padded}#${id}`);
  }

  /** Partition of the directory. */
  directory(): string {
    return `DIRECTORY#${this.#prefix}`;
  }

  /** A circuit's entry in the directory; without a sort key, the one item that has the names in a set. */
  entry(name: string): Item {
    return this.key(this.directory(), NAME + name);
  }

  /** Tells items apart by their keys. */
  idOf(item: Item): string {
    return JSON.stringify([item[this.partitionKey], this.sortKey !== null && item[this.sortKey]]);
  }

  key(partition: string, sort = ''): Item {
    const key: Record<string, AttributeValue> = { [this.partitionKey]: { S: partition } };
    if (this.sortKey !== null) key[this.sortKey] = { S: sort };
    return key;
  }
}

/**
 * Where an act is filed: in the order of time; without a sort key it is found by its kind and version alone. Beside the class,
 * so that who makes calls alone does not carry it.
 */
export function actKey(
  keys: Keys,
  name: string,
  { kind, version, atMs }: Pick<OperatorAct, 'kind' | 'version' | 'atMs'>,
): Item {
  const padded = String(version).padStart(12, '0');
  return keys.sortKey === null
    ? keys.key(`${HISTORY}${keys.partition(name)}#${kind}-${padded}`)
    : keys.key(keys.partition(name), `${ACT}${String(atMs).padStart(15, '0')}#${padded}#${kind}`);
}
