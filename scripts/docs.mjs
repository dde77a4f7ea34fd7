/**
 * The generated parts of the documentation, out of the built library:
 *
 *   node scripts/docs.mjs            writes docs/options.md and the marked blocks of README.md
 *   node scripts/docs.mjs --check    says what is stale, and fails
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BREAKER_DESCRIPTIONS, BREAKER_OPTIONS, GEAR_DESCRIPTIONS, GEAR_OPTIONS } from 'switchgear/config';
import { costTable } from './cost.mjs';

const root = new URL('..', import.meta.url);
const COMMAND = 'node scripts/docs.mjs';

const BREAKER = options(BREAKER_OPTIONS, BREAKER_DESCRIPTIONS);
const GEAR = options(GEAR_OPTIONS, GEAR_DESCRIPTIONS);

/** What one row of a table says. */
function options(table, descriptions) {
  return Object.entries(table).map(([key, spec]) => {
    const [, meaning, fallback] = /^(.*?\.) Default:? (.*)\.$/.exec(descriptions[key]) ?? [];
    if (!meaning) throw new Error(`the description of ${key} does not end with its default`);
    const variable = spec.kind === 'function' ? 'in code only' : `\`${upperSnake(key)}\``;
    return { key: `\`${key}\``, fallback, meaning, allowed: allowed(spec), variable };
  });
}

function upperSnake(key) {
  return key.replace(/[A-Z]/g, '_$&').toUpperCase();
}

function allowed({ kind, min, max, off, choices }) {
  if (kind === 'names') return '`true`, a list of names';
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (kind === 'boolean') return '`true`, `false`';
  if (kind === 'function') return 'a function';
  const amount = kind === 'duration' ? inUnits : (n) => n.toLocaleString('en-US').replaceAll(',', ' ');
  const range = `${amount(min)} to ${amount(max)}${kind === 'text' ? ' characters' : ''}`;
  return off === undefined ? range : `${range}, \`false\``;
}

function inUnits(ms) {
  if (ms % 3_600_000 === 0 && ms > 0) return `${ms / 3_600_000} h`;
  return ms % 1_000 === 0 && ms > 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function shortTable(rows) {
  return table(
    ['Option', 'Default', 'Meaning'],
    rows.map(({ key, fallback, meaning }) => [key, fallback, meaning]),
  );
}

function fullTable(rows) {
  return table(
    ['Option', 'Default', 'Allowed', 'Variable', 'Meaning'],
    rows.map(({ key, fallback, allowed, variable, meaning }) => [key, fallback, allowed, variable, meaning]),
  );
}

function optionsPage() {
  return `<!-- Written by \`${COMMAND}\` from packages/switchgear/src/options.ts: edit that. -->
# Options

Durations are milliseconds or a text such as \`'500ms'\`, \`'30s'\`, \`'5m'\`, \`'1h'\`. \`false\` turns off what can be off. Whatever is
wrong is refused when it is given, all problems in one \`ConfigurationError\`, each with the value and what is allowed.

A variable has the prefix \`SWITCHGEAR_\`: \`SWITCHGEAR_FAILURE_THRESHOLD=5\` is for all circuits,
\`SWITCHGEAR_PAYMENTS_FAILURE_THRESHOLD=2\` for the circuit \`payments\`, \`SWITCHGEAR_ORDER_SERVICE_TIMEOUT=2s\` for \`order-service\`
(or \`order_service\`, \`order.service\`, \`orderService\`). Nothing reads them unless you do:

\`\`\`ts run
import { Switchgear } from 'switchgear';
import { createStore, optionsFromEnv } from 'switchgear/config';

const { options, store = 'memory:' } = optionsFromEnv({ SWITCHGEAR_PAYMENTS_FAILURE_THRESHOLD: '2' }); // default: process.env
const gear = new Switchgear({ ...options, store: await createStore(store) });
console.log(gear.breaker('payments').options.failureThreshold); // → 2
\`\`\`

What counts, first to last: the options given to \`breaker\`, those of the circuit (\`circuits\`, from its variables), \`defaults\`, the table.

## Of a circuit

Given to \`gear.breaker(name, …)\`, or as \`defaults\` of the gear.

${fullTable(BREAKER)}

## Of a process

Given to \`new Switchgear(…)\`, beside \`store\`, \`defaults\`, \`circuits\`, \`clock\` and \`random\`.

${fullTable(GEAR)}

## Of the DynamoDB store

Given to \`new DynamoDBStore(…)\`, or to \`createStore\` as an address: \`dynamodb://circuits?region=eu-west-1\`, from the variable
\`SWITCHGEAR_STORE\`.

| Option | Default | In an address | Meaning |
| --- | --- | --- | --- |
| \`tableName\` | none | \`dynamodb://<table>\` | Name of the table. |
| \`partitionKey\` | \`PK\` | \`partitionKey\` | Attribute of the partition key, a string. |
| \`sortKey\` | \`SK\` | \`sortKey\` | Attribute of the sort key, a string; \`null\` (in an address: nothing) for a table without one. |
| \`keyPrefix\` | \`CIRCUIT#\` | \`keyPrefix\` | Begins each circuit's partition key. |
| \`ttlAttribute\` | \`ttl\` | \`ttlAttribute\` | Attribute that the table's TTL is set to. |
| \`region\` | the SDK's own search | \`region\` | Region of the store's own client. |
| \`endpoint\` | the region's | \`endpoint\` | Address of the store's own client, for emulators. |
| \`client\` | one of the store's own | | An SDK client to use. Its retries never resend a write. |
| \`transport\` | the SDK's client | | Speaks to DynamoDB instead of the SDK. |
| \`clock\` | the system's | | Clock of this process, replaced in tests. |
`;
}

/** `text` with what stands between the markers of block `name` replaced. */
function withBlock(text, name, content) {
  const begin = `<!-- begin ${name}: written by \`${COMMAND}\` -->`;
  const end = `<!-- end ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers of the block ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

const read = (path) => readFileSync(new URL(path, root), 'utf8');

const blocks = {
  'breaker options': shortTable(BREAKER),
  'gear options': shortTable(GEAR),
  cost: await costTable(),
};
const readme = Object.entries(blocks).reduce(
  (text, [name, content]) => withBlock(text, name, content),
  read('README.md'),
);
const pages = { 'README.md': readme, 'docs/options.md': optionsPage() };

if (process.argv.includes('--check')) {
  const stale = Object.entries(pages).filter(([path, text]) => read(path) !== text);
  for (const [path] of stale) console.error(`${path} is stale: run \`${COMMAND}\``);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else
  for (const [path, text] of Object.entries(pages)) writeFileSync(fileURLToPath(new URL(path, root)), text);
