import type { Command } from 'commander';
import { usageError } from '../../command/exit.ts';
import { type GearFlags, openGear, withGear } from '../gear.ts';
import { isLocal, parseListenAddress } from '../listen-address.ts';
import { serveUntilInterrupted } from '../serve-until-interrupted.ts';

export function registerDecisions(program: Command): void {
  withGear(program.command('sidecar'))
    .description('decide for programs of any language: they ask for a permit and tell how their call went')
    .option('--listen <address>', 'where on this machine: <address>:<port> or unix:<path>', '127.0.0.1:4242')
    .action(runDecisions);
}

async function runDecisions(flags: GearFlags & { readonly listen: string }): Promise<void> {
  const address = parseListenAddress(flags.listen);
  // Whoever reaches it can trip the fleet's circuits.
  if (!isLocal(address))
    throw usageError(
      `--listen ${flags.listen} is open to other machines; allowed: 127.0.0.1, [::1] or unix:<path>`,
    );
  // The server takes time to load, and no other verb needs it.
  const { createDecisionApi } = await import('./create-decision-api.ts');
  const { gear, close } = await openGear(flags);
  await serveUntilInterrupted(createDecisionApi(gear), address, (url) => `switchgear sidecar: ${url}`);
  await close();
}
