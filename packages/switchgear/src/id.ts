/** A random id: for epochs, leases and processes. Unique, not secret. Half a UUID, of 62 bits of chance: each lies in the record, which is to stay small. */
export function newId(): string {
  return crypto.randomUUID().slice(19);
}
