/** Names of the keys. Those of one circuit share a hash tag, so that a Cluster keeps them on one node. */

import { ConfigurationError } from '../../errors.ts';

export const DEFAULT_PREFIX = 'switchgear';

export class Keys {
  /** Set of the names of all circuits. On a node of its own: written once per circuit. */
  readonly directory: string;
  /** Where transitions and overrides are published. Channels know no databases, so it names its own, but for the first. */
  readonly channel: string;
  readonly #prefix: string;

  /** @throws ConfigurationError (`INVALID_CONFIGURATION`) for a prefix that would break the hash tags. */
  constructor(prefix: string, database: number) {
    if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix))
      throw new ConfigurationError([`prefix is ${JSON.stringify(prefix)}: must be a text without { and }`]);
    this.#prefix = prefix;
    this.directory = `${prefix}:directory`;
    this.channel = database > 0 ? `${prefix}:changes:${database}` : `${prefix}:changes`;
  }

  /** Ends in a brace, and no other key does: whatever a name has in it, two things never share a key. */
  record(name: string): string {
    return `{${this.#prefix}:${name}}`;
  }

  history(name: string): string {
    return `${this.record(name)}:history`;
  }

  acts(name: string): string {
    return `${this.record(name)}:acts`;
  }
}
