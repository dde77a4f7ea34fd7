import { Argument, type Command, Option } from 'commander';
import { createStore } from 'switchgear/config';
import { ROLES, type Role } from '../table/iam.ts';
import { type Layout, layoutOf } from '../table/layout.ts';
import { FORMATS, type Format, template } from '../table/templates.ts';
import { CommandError, EXIT, usageError } from './exit.ts';
import { withStore } from './session.ts';
import { type StoreFlags, settingsFrom } from './settings.ts';
import { note, out } from './terminal.ts';

export function registerTable(program: Command): void {
  const table = program
    .command('table')
    .helpCommand(false)
    .description('the DynamoDB table that the address of the store names');
  withStore(table.command('create'))
    .description(
      'create it, on demand and with TTL, unless it is there; in production it comes from a template',
    )
    .action(async (flags: StoreFlags) => {
      const { address, layout } = await tableOf(flags);
      await create(address, layout);
      note(`table ${layout.tableName} is there; switchgear doctor tries what circuits need of it`);
    });
  withStore(table.command('template'))
    .description('print it, and the rights on it, for what your infrastructure is kept in')
    .addArgument(new Argument('<format>', 'of which kind').choices(FORMATS))
    .addOption(
      new Option('--role <role>', 'whose rights iam prints: use (calls), read (looks), operate (changes)')
        .choices(ROLES)
        .default('use'),
    )
    .action(async (format: Format, flags: StoreFlags & { readonly role: Role }) => {
      const { layout } = await tableOf(flags);
      out(template(format, layout, flags.role));
    });
}

/** @throws CommandError (usage) where the store is no DynamoDB. */
async function tableOf(flags: StoreFlags): Promise<{ address: string; layout: Layout }> {
  const { store: address } = settingsFrom(flags, process.env);
  // It says what is wrong with an address; nothing is connected by it.
  await (await createStore(address)).close?.();
  const layout = layoutOf(address);
  if (!layout) throw usageError('only DynamoDB has tables; allowed: --store dynamodb://<table>');
  return { address, layout };
}

async function create(address: string, layout: Layout): Promise<void> {
  const { createTable } = await import('switchgear/dynamodb');
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const { searchParams } = new URL(address);
  const [region, endpoint] = [searchParams.get('region'), searchParams.get('endpoint')];
  const client = new DynamoDBClient({ ...(region && { region }), ...(endpoint && { endpoint }) });
  try {
    await createTable(client, layout);
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      `cannot create the table ${layout.tableName}: ${(error as Error).message}; ` +
        'mend region, endpoint, credentials, or the right dynamodb:CreateTable',
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
