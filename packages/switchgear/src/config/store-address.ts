/** Addresses of stores: `memory:`, `dynamodb://orders?region=eu-west-1`, `rediss://:password@cache:6379?prefix=orders`. */

import { didYouMean } from '../suggest.ts';
import type { RedisAddress } from './redis-client.ts';

/** Settings that the address of a DynamoDB table may carry, by the names of `DynamoDBStore`'s options. */
const SETTINGS = ['region', 'endpoint', 'partitionKey', 'sortKey', 'keyPrefix', 'ttlAttribute'] as const;
/** Those that the address of a Redis may carry. */
const REDIS_SETTINGS = ['prefix', 'cluster'] as const;
/** More than any server is set up for; 16 is usual. */
const MOST_DATABASES = 999_999;
const query = (settings: readonly string[]) => settings.map((name) => `${name}=…`).join('&');
const FORMS =
  `memory: or dynamodb://<table>?${query(SETTINGS)} ` +
  `or redis[s]://[<user>][:<password>@]<host>[:<port>][/<database>]?${query(REDIS_SETTINGS)}`;

type Settings = Partial<Record<(typeof SETTINGS)[number], string>>;

/** An address, taken apart. */
export type StoreAddress =
  | { readonly scheme: 'memory' }
  /** An empty sort key: the table has none. */
  | { readonly scheme: 'dynamodb'; readonly tableName: string; readonly settings: Readonly<Settings> }
  | ({ readonly scheme: 'redis'; readonly prefix?: string } & RedisAddress);

/** Takes `address` apart. Call it only where `addressProblems` found none. */
export function parseAddress(address: string): StoreAddress {
  const url = new URL(address);
  if (url.protocol === 'memory:') return { scheme: 'memory' };
  if (isRedis(url)) {
    const prefix = url.searchParams.get('prefix');
    const cluster = url.searchParams.get('cluster') === 'true';
    url.search = '';
    return { scheme: 'redis', url: url.href, cluster, ...(prefix !== null && { prefix }) };
  }
  return { scheme: 'dynamodb', tableName: url.hostname, settings: Object.fromEntries(url.searchParams) };
}

/** What is wrong with `address`. Nothing of it is repeated but the kind of store: people put passwords into addresses. */
export function addressProblems(address: string): string[] {
  if (!URL.canParse(address)) return [`not an address; allowed: ${FORMS}`];
  const url = new URL(address);
  const scheme = /^[a-z]{1,12}:$/.exec(url.protocol)?.[0] ?? 'this';
  if (scheme === 'memory:') return address === scheme ? [] : ['memory: takes nothing behind it'];
  if (isRedis(url)) return redisProblems(url);
  if (scheme !== 'dynamodb:') return [`${scheme} is no kind of store; allowed: ${FORMS}`];

  const problems: string[] = [];
  if (url.username || url.password)
    problems.push('an address holds no credentials: the AWS SDK finds them in its usual places');
  if (!/^[\w.-]{3,255}$/.test(url.hostname))
    problems.push('the table is missing or misnamed; allowed: 3 to 255 letters, digits, _ . or -');
  if (url.port || url.pathname.length > 1 || url.hash)
    problems.push(`only settings may follow the table; allowed: ${FORMS}`);
  problems.push(...settingProblems(url, SETTINGS, ['sortKey']));
  const endpoint = url.searchParams.get('endpoint');
  if (endpoint && url.searchParams.getAll('endpoint').length === 1 && !isEndpoint(endpoint))
    problems.push('endpoint is not usable; allowed: an http or https address without credentials');
  return problems;
}

function isRedis({ protocol }: URL): boolean {
  return protocol === 'redis:' || protocol === 'rediss:';
}

function redisProblems(url: URL): string[] {
  const problems: string[] = [];
  const { prefix, cluster } = Object.fromEntries(url.searchParams);
  const [, database] = /^\/?(\d*)$/.exec(url.pathname) ?? [];
  if (Number(database) > MOST_DATABASES)
    problems.push(
      `the database is out of range; allowed: 0 to ${MOST_DATABASES}, or as many as the server has`,
    );
  if (!url.hostname) problems.push(`the host is missing; allowed: ${FORMS}`);
  if (!decodes(url.username) || !decodes(url.password))
    problems.push(
      'the user or password is not usable; allowed: a text in which % begins an escape, such as %25',
    );
  if (database === undefined || url.hash)
    problems.push(`only a database's number and settings may follow the host; allowed: ${FORMS}`);
  problems.push(...settingProblems(url, REDIS_SETTINGS));
  if (cluster && !/^(true|false)$/.test(cluster))
    problems.push('cluster is not usable; allowed: true or false');
  if (cluster === 'true' && Number(database) > 0) problems.push('a Cluster has no databases but 0');
  if (prefix && /[{}]/.test(prefix)) problems.push('prefix is not usable; allowed: a text without { and }');
  return problems;
}

function decodes(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}

function settingProblems(url: URL, known: readonly string[], mayBeEmpty: readonly string[] = []): string[] {
  const problems: string[] = [];
  for (const name of new Set(url.searchParams.keys())) {
    const [value = '', ...more] = url.searchParams.getAll(name);
    if (!known.includes(name))
      problems.push(`a setting is unknown${didYouMean(name, known)}; allowed: ${known.join(', ')}`);
    else if (more.length || (!value && !mayBeEmpty.includes(name)))
      problems.push(`${name} needs exactly one value`);
  }
  return problems;
}

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && !username && !password;
}
