/** Tries everything that the store needs of its table, and says what is wrong in words. */

import { StoreError } from '../../errors.ts';
import { newId } from '../../id.ts';
import type { StoreProblem } from '../contract.ts';
import { clockProblems, partsOf } from '../problem.ts';
import { mendOf } from './failure.ts';
import { query } from './query.ts';
import type { Records } from './records.ts';
import type { Table } from './table.ts';
import type { Item, Operation } from './transport.ts';

/** How long the item that is written here lives, seconds. */
const PROBE_SEC = 3_600;
const PROBE = 'CHECK';

/** Mends of what only a wrong set-up brings about, beside those of `failure.ts`. */
const MENDS: Readonly<Record<string, string>> = {
  UnrecognizedClientException: 'give the process credentials of the account that has the table',
  InvalidSignatureException: "mend the secret key, or this machine's clock",
  ExpiredTokenException: 'renew the credentials',
  ECONNREFUSED: 'nothing listens there: mend the endpoint',
  ENOTFOUND: 'mend region or endpoint',
};
const OTHERWISE = 'see that region, endpoint and network lead to the table';

export async function check({ table, clock }: Records): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  /** Whether it is worth going on. */
  const attempt = async (
    operation: Operation,
    step: () => Promise<string | undefined>,
    severity: StoreProblem['severity'] = 'error',
  ): Promise<boolean> => {
    try {
      const what = await step();
      if (what) problems.push({ severity, what, mend: 'use DynamoDB, or an emulator that does as it does' });
      return true;
    } catch (error) {
      problems.push({ severity, ...wordsOf(error, operation, table) });
      return denied(error);
    }
  };
  const key = probeKey(table);
  const id = newId();
  const goesOn =
    (await attempt('BatchGetItem', async () => void (await table.read([key], true)))) &&
    (await attempt('UpdateItem', () => conditionalWrites(table, key, id, clock.now())));
  if (!goesOn) return problems;

  const { sortKey } = table.keys;
  if (sortKey !== null)
    await attempt('Query', async () => void (await query(table, table.keys.partition(''), PROBE, 1)));
  problems.push(...(await timeToLive(table)));
  const storeMs = table.now();
  if (storeMs !== undefined) problems.push(...clockProblems(storeMs - clock.now()));
  else if (problems.every(({ severity }) => severity === 'warning'))
    problems.push({
      severity: 'error',
      what: 'the answers say no time: no circuit is ever tripped for the fleet',
      mend: "let the transport return the answers' Date header as dateMs",
    });
  return problems;
}

/** Circuits have names, and this key has none. */
function probeKey({ keys }: Table): Item {
  return { ...keys.record(''), ...(keys.sortKey !== null && { [keys.sortKey]: { S: PROBE } }) };
}

/** One that must be accepted and one that must be refused, whoever else checks at the same time. */
async function conditionalWrites(
  table: Table,
  key: Item,
  id: string,
  nowMs: number,
): Promise<string | undefined> {
  const set = { checkId: id, ttl: Math.ceil(nowMs / 1_000) + PROBE_SEC };
  const unless = { text: '(attribute_not_exists(#checkId) OR #checkId <> :checkId)' };
  if (!(await table.update(key, { when: [unless], set })).accepted)
    return 'a condition that held was refused';
  const never = { text: '#checkId = :never', values: { never: `not-${id}` } };
  const { accepted } = await table.update(key, { when: [never], set });
  return accepted ? 'a condition that did not hold was accepted: writers overwrite each other' : undefined;
}

async function timeToLive(table: Table): Promise<StoreProblem[]> {
  const { ttl } = table.attributes;
  try {
    const { TimeToLiveDescription = {} } = await table.send('DescribeTimeToLive', { TableName: table.name });
    const { TimeToLiveStatus: status = 'DISABLED', AttributeName: attribute } = TimeToLiveDescription;
    const on = status.startsWith('ENABL');
    if (on && attribute === ttl) return [];
    const what = `TTL of table "${table.name}" is ${on ? `on for attribute "${attribute}"` : 'off'}: records that nobody needs stay for ever`;
    const mend = on ? `set ttlAttribute to "${attribute}"` : `turn it on for attribute "${ttl}"`;
    return [{ severity: 'warning', what, mend }];
  } catch (error) {
    const { what } = wordsOf(error, 'DescribeTimeToLive', table);
    const mend = `allow dynamodb:DescribeTimeToLive, or see for yourself that TTL is on for attribute "${ttl}"`;
    return [{ severity: 'warning', what: `whether TTL is on is unknown: ${what}`, mend }];
  }
}

function denied(error: unknown): boolean {
  return (causeOf(error) as Error | undefined)?.name === 'AccessDeniedException';
}

function wordsOf(error: unknown, operation: Operation, table: Table): Pick<StoreProblem, 'what' | 'mend'> {
  const { message } = error as Error;
  const cause = causeOf(error);
  const { name = '', code = name } = Object(cause) as { readonly name?: string; readonly code?: string };
  const { what, mend } = partsOf(message, mendOf(cause), MENDS[code] ?? OTHERWISE);
  if (!denied(error)) return { what, mend };
  const resource = /on resource: (\S+)/.exec(message)?.[1] ?? `table "${table.name}"`;
  return { what, mend: `allow dynamodb:${operation} on ${resource}` };
}

function causeOf(error: unknown): unknown {
  return error instanceof StoreError ? causeOf(error.cause) : error;
}
