import { once } from 'node:events';
import type { Server } from 'node:http';
import { CommandError, EXIT } from '../command/exit.ts';
import { out, untilInterrupted } from '../command/terminal.ts';
import type { ListenAddress } from './listen-address.ts';
import { closeServer, openServer } from './open-server.ts';

/** Time for what is under way after SIGTERM. Kubernetes kills after 30 s. */
const GRACE_MS = 25_000;

/** Listens and says where on stdout; at SIGTERM or Ctrl-C takes no more, lets what is under way end, and returns. */
export async function serveUntilInterrupted(
  server: Server,
  address: ListenAddress,
  ready: (url: string) => string,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    const url = await openServer(server, address).catch((error: NodeJS.ErrnoException) => {
      throw new CommandError(EXIT.failed, `cannot listen: ${error.message}`, { cause: error });
    });
    out(`${ready(url)}\n`);
    if (!signal.aborted) await once(signal, 'abort');
    // A second signal ends the process at once.
    await closeServer(server, GRACE_MS);
  });
}
