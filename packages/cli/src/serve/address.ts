/** Where a server listens, for commands that do not start one: the server itself takes time to load. */

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 4280;

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
