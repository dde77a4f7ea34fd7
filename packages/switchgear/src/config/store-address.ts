/** Addresses of stores: `memory:`, `dynamodb://orders?region=eu-west-1`. */

import { didYouMean } from '../suggest.ts';

/** Settings that the address of a DynamoDB table may carry, by the names of `DynamoDBStore`'s options. */
const SETTINGS = ['region', 'endpoint', 'partitionKey', 'sortKey', 'keyPrefix', 'ttlAttribute'] as const;
const FORMS = `memory: or dynamodb://<table>?${SETTINGS.map((name) => `${name}=…`).join('&')}`;

type Settings = Partial<Record<(typeof SETTINGS)[number], string>>;

/** An address, taken apart. */
export type StoreAddress =
  | { readonly scheme: 'memory' }
  /** An empty sort key: the table has none. */
  | { readonly scheme: 'dynamodb'; readonly tableName: string; readonly settings: Readonly<Settings> };

/** Takes `address` apart. Call it only where `addressProblems` found none. */
export function parseAddress(address: string): StoreAddress {
  const url = new URL(address);
  if (url.protocol === 'memory:') return { scheme: 'memory' };
  return { scheme: 'dynamodb', tableName: url.hostname, settings: Object.fromEntries(url.searchParams) };
}

/** What is wrong with `address`. Nothing of it is repeated but the kind of store: people put passwords into addresses. */
export function addressProblems(address: string): string[] {
  if (!URL.canParse(address)) return [`not an address; allowed: ${FORMS}`];
  const url = new URL(address);
  const scheme = /^[a-z]{1,12}:$/.exec(url.protocol)?.[0] ?? 'this';
  if (scheme === 'memory:') return address === scheme ? [] : ['memory: takes nothing behind it'];
  if (scheme !== 'dynamodb:') return [`${scheme} is no kind of store; allowed: ${FORMS}`];

  const problems: string[] = [];
  if (url.username || url.password)
    problems.push('an address holds no credentials: the AWS SDK finds them in its usual places');
  if (!/^[\w.-]{3,255}$/.test(url.hostname))
    problems.push('the table is missing or misnamed; allowed: 3 to 255 letters, digits, _ . or -');
  if (url.port || url.pathname.length > 1 || url.hash)
    problems.push(`only settings may follow the table; allowed: ${FORMS}`);
  for (const name of new Set(url.searchParams.keys())) {
    const [value = '', ...more] = url.searchParams.getAll(name);
    if (!(SETTINGS as readonly string[]).includes(name))
      problems.push(`a setting is unknown${didYouMean(name, SETTINGS)}; allowed: ${SETTINGS.join(', ')}`);
    else if (more.length || (!value && name !== 'sortKey')) problems.push(`${name} needs exactly one value`);
    else if (name === 'endpoint' && !isEndpoint(value))
      problems.push('endpoint is not usable; allowed: an http or https address without credentials');
  }
  return problems;
}

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && !username && !password;
}
