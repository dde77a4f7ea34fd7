import type { Command } from 'commander';
import type { StoredPolicy } from 'switchgear';
import { asGiven } from '../circuits/policy-values.ts';
import { type Cell, columns } from '../render/columns.ts';
import { settingsText } from '../render/history.ts';
import { printable } from '../render/printable.ts';
import { moment } from '../render/time.ts';
import { CommandError, EXIT, usageError } from './exit.ts';
import { inSession, withAuthor, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { out, style, width } from './terminal.ts';

interface JsonFlags extends StoreFlags {
  readonly json?: true;
}

interface ChangeFlags extends JsonFlags {
  readonly reason: string;
}

type Values = StoredPolicy['values'];

export function registerPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .helpCommand(false)
    .description('settings stored with a circuit: processes take them over without a deploy');
  withStore(policy.command('get'))
    .description('show stored settings')
    .argument('[circuit]', 'its name (default: all circuits that have some)')
    .option('--json', 'JSON instead of a table')
    .action((name: string | undefined, flags: JsonFlags) =>
      inSession(flags, async ({ operator }) => {
        const policies = await operator.getPolicies(name === undefined ? undefined : [name]);
        show(Object.fromEntries(Object.entries(policies).filter(([, each]) => stored(each))), flags);
      }),
    );
  withAuthor(withStore(policy.command('set')))
    .description('store settings; those stored before and not named here stay')
    .argument('<circuit>', 'its name')
    .argument('<setting=value...>', 'such as failureThreshold=5 resetTimeout=30s slowCallDuration=off')
    .option('--json', 'the settings after it as JSON instead of a table')
    .action((name: string, settings: string[], flags: ChangeFlags) =>
      inSession(flags, async ({ operator }) => {
        const given = parseSettings(settings);
        const before = (await operator.getPolicies([name]))[name];
        const values = asGiven({ ...before?.values, ...given });
        // What another has stored since is not in `values`, and must not be lost with them.
        const act = { reason: flags.reason, ifVersion: before?.version ?? 0 };
        show({ [name]: await operator.setPolicy(name, values, act) }, flags);
      }),
    );
  withAuthor(withStore(policy.command('unset')))
    .description(
      'remove stored settings, all or those that are named: the code of the processes decides again',
    )
    .argument('<circuit>', 'its name')
    .argument('[setting...]', 'such as failureThreshold')
    .option('--json', 'the settings after it as JSON instead of a table')
    .action((name: string, settings: string[], flags: ChangeFlags) =>
      inSession(flags, async ({ operator }) => {
        const before = (await operator.getPolicies([name]))[name];
        if (!stored(before))
          throw new CommandError(EXIT.nothingDone, `nothing to remove: ${name} has no stored settings`);
        const missing = settings.filter((setting) => !Object.hasOwn(before.values, setting));
        if (missing.length > 0)
          throw new CommandError(
            EXIT.nothingDone,
            `not stored with ${name}: ${missing.join(', ')}; stored are ${Object.keys(before.values).join(', ')}`,
          );
        const left = Object.entries(before.values).filter(([setting]) => !settings.includes(setting));
        const none = settings.length === 0 || left.length === 0;
        const values = none ? null : asGiven(Object.fromEntries(left));
        const act = { reason: flags.reason, ifVersion: before.version };
        show({ [name]: await operator.setPolicy(name, values, act) }, flags);
      }),
    );
}

/** @throws CommandError (usage) for what is no `setting=value`. Whether settings and values are allowed, the library says. */
export function parseSettings(settings: readonly string[]): Values {
  const pairs = settings.map((setting): [string, number | string] => {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(setting) ?? [];
    if (key === undefined || value === undefined)
      throw usageError(
        `'${setting}' is no setting; allowed: name=value, such as failureThreshold=5 or resetTimeout=30s`,
      );
    return [key, Number.isNaN(Number(value)) ? value : Number(value)];
  });
  return Object.fromEntries(pairs);
}

function stored(policy: StoredPolicy | undefined): policy is StoredPolicy {
  return policy !== undefined && Object.keys(policy.values).length > 0;
}

function show(policies: Readonly<Record<string, StoredPolicy | undefined>>, { json }: JsonFlags): void {
  if (json) {
    out(`${JSON.stringify(policies)}\n`);
    return;
  }
  const head = ['CIRCUIT', 'SETTINGS', 'SINCE', 'WHY'].map((text) => ({ text, paint: style.bold }));
  const rows = Object.entries(policies).flatMap(([name, policy]): Cell[][] =>
    policy
      ? [
          [name, settingsText(policy), moment(policy.atMs), `${policy.reason} (${policy.by})`].map(
            (text) => ({ text: printable(text) }),
          ),
        ]
      : [],
  );
  out(
    rows.length > 0
      ? columns([head, ...rows], width())
      : 'no stored settings: the code of the processes decides\n',
  );
}
