/** A wire to a server that can be cut, or hold back what the server says. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class Wire {
  /** Where new connections lead to. */
  target: number;
  /** Sees each piece that a client sends. */
  onRequest: (piece: string) => void = () => {};
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #sockets = new Set<Socket>();
  #held: (() => void)[] | undefined;

  private constructor(target: number) {
    this.target = target;
  }

  static async to(target: number): Promise<Wire> {
    const wire = new Wire(target);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on the server's answers wait here. */
  holdReplies(): void {
    this.#held = [];
  }

  /** How many pieces of answers wait. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  releaseReplies(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }

  /** The connections of now stay, and bring nothing any more; what waits here is lost. New ones work. */
  deafen(): void {
    this.#held = undefined;
    for (const socket of this.#sockets) socket.removeAllListeners('data').resume();
  }

  /** The clients of now read nothing more, until `unclog`: what they are sent piles up at the server. */
  clog(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  unclog(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  /** Cuts all connections; what waits here is lost. New ones are let through. */
  cut(): void {
    this.#held = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (piece) => {
      this.onRequest(piece.toString('latin1'));
      server.write(piece);
    });
    server.on('data', (piece) => {
      const deliver = () => void client.write(piece);
      if (this.#held) this.#held.push(deliver);
      else deliver();
    });
  }
}
