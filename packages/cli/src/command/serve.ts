import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { bearerTokens, MIN_TOKEN_LENGTH } from '../control-api/access.ts';
import { type Hosts, LOOPBACK } from '../control-api/gate.ts';
import type { ControlApiOptions } from '../control-api/index.ts';
import { DEFAULT_HOST, DEFAULT_PORT, isLoopback } from '../serve/address.ts';
import { CommandError, EXIT, usageError } from './exit.ts';
import { inSession, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { note, untilInterrupted } from './terminal.ts';

interface Flags extends StoreFlags {
  readonly host: string;
  readonly port: number;
  readonly allowHost?: readonly string[];
}

export function registerServe(program: Command): void {
  withStore(program.command('serve'))
    .description(
      'serve the control API and the console, until Ctrl-C; changes leave a line of JSON each on stderr',
    )
    .option('--host <address>', 'address to listen on; anything but loopback needs a token', DEFAULT_HOST)
    .option('--port <n>', 'port to listen on; 0: any that is free', port, DEFAULT_PORT)
    .option('--allow-host <name...>', 'names under which browsers may ask for it, beside those of loopback')
    .option('--by <name>', 'who acts where a request does not say (default: SWITCHGEAR_BY, or user@host)')
    .addHelpText(
      'after',
      '\nTokens, never on the command line, where every user of the machine reads them:\n' +
        '  SWITCHGEAR_TOKEN           of operators, who see and change\n' +
        '  SWITCHGEAR_VIEWER_TOKEN    of viewers, who see\n' +
        '  SWITCHGEAR_REPORTER_TOKEN  of processes, which tell of their calls and see nothing\n' +
        `Each has ${MIN_TOKEN_LENGTH} characters or more; openssl rand -hex 32 makes one.\n`,
    )
    .action(async (flags: Flags) => {
      const access = accessFrom(flags, process.env);
      // Half of what the command would take to start, and no other verb needs them.
      const [{ createControlApi }, { listen }] = await Promise.all([
        import('../control-api/index.ts'),
        import('../serve/listen.ts'),
      ]);
      await inSession(flags, ({ store, settings }) =>
        untilInterrupted(async (signal) => {
          const api = createControlApi({ store, by: settings.by, ...access });
          const server = await listen(api, flags).catch((error) => refused(error, flags));
          note(
            `switchgear serves ${server.url}, for ${access.auth ? 'who has a token' : 'this machine'}; Ctrl-C ends it`,
          );
          if (!signal.aborted) await once(signal, 'abort');
          await server.close();
        }),
      );
    });
}

/**
 * Who may ask, and under which names.
 * @throws CommandError (usage) where somebody else than this machine could, and needs no token.
 */
export function accessFrom(
  { host, allowHost }: Pick<Flags, 'host' | 'allowHost'>,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ControlApiOptions, 'auth' | 'hosts'> {
  const tokens = Object.entries({
    operator: env.SWITCHGEAR_TOKEN,
    viewer: env.SWITCHGEAR_VIEWER_TOKEN,
    reporter: env.SWITCHGEAR_REPORTER_TOKEN,
  }).filter(([, token]) => token);
  const guarded = tokens.length > 0;
  if (!guarded && !isLoopback(host))
    throw usageError(
      `--host ${host}: others than this machine could open and close circuits; set SWITCHGEAR_TOKEN ` +
        '(openssl rand -hex 32 makes one), or listen on 127.0.0.1',
    );
  if (new Set(tokens.map(([, token]) => token)).size < tokens.length)
    throw usageError(
      'SWITCHGEAR_TOKEN, SWITCHGEAR_VIEWER_TOKEN and SWITCHGEAR_REPORTER_TOKEN: two are the same, and so would be what they open',
    );
  const own = isLoopback(host) ? [isIPv6(host) ? `[${host}]` : host] : [];
  const hosts: Hosts =
    allowHost || isLoopback(host) ? [...new Set([...LOOPBACK, ...own, ...(allowHost ?? [])])] : 'any';
  if (!guarded) return { hosts };
  try {
    return { hosts, auth: bearerTokens(Object.fromEntries(tokens)) };
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

function refused(error: NodeJS.ErrnoException, { host, port }: Flags): never {
  if (error.code === 'EADDRINUSE')
    throw new CommandError(
      EXIT.failed,
      `port ${port} of ${host} is taken; give another --port, or 0 for any`,
    );
  throw new CommandError(EXIT.failed, `cannot listen on ${host}, port ${port}: ${error.message}`);
}

function port(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('allowed: a whole number from 0 to 65535.');
}
