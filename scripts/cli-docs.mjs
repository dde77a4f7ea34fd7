/**
 * The generated parts of docs/cli.md and docs/control-api.md, out of the built command and the API's own document:
 *
 *   node scripts/cli-docs.mjs            writes them
 *   node scripts/cli-docs.mjs --check    says what is stale, and fails
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { MemoryStore } from 'switchgear';
import { EXIT_CODES } from '../packages/cli/dist/command/exit.js';
import { programFor } from '../packages/cli/dist/command/program.js';
import { createControlApi } from '../packages/cli/dist/control-api/index.js';

const COMMAND = 'node scripts/cli-docs.mjs';

function table(head, rows) {
  const cell = (text) => `${text}`.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Every command that does something, by the words that lead to it. */
function commandsOf(command, path) {
  const visible = command.createHelp().visibleCommands(command);
  if (visible.length > 0) return visible.flatMap((each) => commandsOf(each, `${path} ${each.name()}`));
  const takes = command.registeredArguments.map((argument) => {
    const text = `${argument.name()}${argument.variadic ? '…' : ''}`;
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  return [{ command, title: [path, ...takes].join(' ') }];
}

/** Flags that many commands have stand in one table before those of each. */
const COMMON = ['--store', '--config', '--json', '--reason', '--by', '--yes'];

function commandReference() {
  return commandsOf(programFor(), 'switchgear')
    .map(({ command, title }) => {
      const flags = command.options.filter(({ long }) => !COMMON.includes(long));
      const common = command.options
        .filter(({ long }) => COMMON.includes(long))
        .map(({ long }) => `\`${long}\``);
      const meaning = ({ description, defaultValue }) =>
        `${description}${defaultValue === undefined ? '' : ` (default: ${defaultValue})`}`;
      const rows = [
        ...command.registeredArguments.map((each) => [
          `\`${each.name()}\``,
          `${each.description}${each.argChoices ? `: ${each.argChoices.join(', ')}` : ''}`,
        ]),
        ...flags.map((flag) => [`\`${flag.flags}\``, meaning(flag)]),
      ];
      return [
        `### \`${title}\``,
        `${command.description().charAt(0).toUpperCase()}${command.description().slice(1)}.`,
        ...(rows.length > 0 ? [table(['', ''], rows)] : []),
        ...(common.length > 0 ? [`Also ${common.join(', ')}.`] : []),
      ].join('\n\n');
    })
    .join('\n\n');
}

function exitCodes() {
  return table(['Code', 'Meaning'], Object.entries(EXIT_CODES));
}

async function openApi() {
  const { app, close } = createControlApi({ store: new MemoryStore(), live: false });
  const answer = await app.request('http://localhost/openapi.json', { headers: { host: 'localhost' } });
  await close();
  return answer.json();
}

function routes({ paths }) {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, requestBody, responses }]) => {
      const body = requestBody?.content['application/json'].schema.$ref?.split('/').at(-1);
      // An answer without a body gives nothing.
      const [answer] = Object.values(responses[200]?.content ?? {});
      const gives = answer?.schema.$ref?.split('/').at(-1) ?? '';
      return [
        `\`${method.toUpperCase()} ${path}\``,
        summary,
        body ? `\`${body}\`` : '',
        gives && `\`${gives}\``,
      ];
    }),
  );
  rows.sort(([a], [b]) => (a.split(' ')[1] < b.split(' ')[1] ? -1 : 1));
  return table(['Request', 'Does', 'Takes', 'Gives'], rows);
}

function schemas({ components }) {
  return Object.entries(components.schemas)
    .map(([name, schema]) => {
      // What extends another schema is that one and its own fields.
      const [base] = (schema.allOf ?? []).flatMap(({ $ref }) => $ref ?? []);
      const own = schema.allOf?.find(({ properties }) => properties) ?? schema;
      const what = schema.description ?? (base && `A ${kindOf({ $ref: base })}, and`);
      const rows = Object.entries(own.properties).map(([key, field]) => [
        `\`${key}\`${own.required?.includes(key) ? '' : '?'}`,
        kindOf(field),
        descriptionOf(field),
      ]);
      return [`### ${name}`, ...(what ? [what] : []), table(['Field', 'Is', 'Meaning'], rows)].join('\n\n');
    })
    .join('\n\n');
}

/** A schema that is used elsewhere too has the words of this place beside it. */
function descriptionOf({ description, allOf = [] }) {
  return description ?? allOf.find((each) => each.description)?.description ?? '';
}

/** The kind of a value, in a few words. */
function kindOf({ $ref, type, enum: choices, items, anyOf, allOf, additionalProperties, properties }) {
  if ($ref) return `\`${$ref.split('/').at(-1)}\``;
  if (choices) return choices.map((each) => `\`${each}\``).join(', ');
  if (anyOf ?? allOf) return (anyOf ?? allOf).map(kindOf).filter(Boolean).join(' or ');
  if (type === 'array') return `list of ${kindOf(items)}`;
  if (properties) return `{ ${Object.keys(properties).join(', ')} }`;
  if (additionalProperties) return `${kindOf(additionalProperties)} by name`;
  return [type].flat().join(' or ');
}

/** `text` with what stands between the markers of block `name` replaced. */
function withBlock(path, text, name, content) {
  const begin = `<!-- begin ${name}: written by \`${COMMAND}\` -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(`<!-- end ${name} -->`)];
  if (from < 0 || to < from) throw new Error(`${path} lacks the markers of the block ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

const api = await openApi();
const pages = {
  'docs/cli.md': { commands: commandReference(), 'exit codes': exitCodes() },
  'docs/control-api.md': { routes: routes(api), schemas: schemas(api) },
};

for (const [path, blocks] of Object.entries(pages)) {
  const url = new URL(`../${path}`, import.meta.url);
  const old = readFileSync(url, 'utf8');
  const fresh = Object.entries(blocks).reduce(
    (text, [name, content]) => withBlock(path, text, name, content),
    old,
  );
  if (!process.argv.includes('--check')) writeFileSync(url, fresh);
  else if (fresh !== old) {
    console.error(`${path} is stale: run \`${COMMAND}\``);
    process.exitCode = 1;
  }
}
