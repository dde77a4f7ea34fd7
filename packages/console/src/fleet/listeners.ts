/** Tells components that something changed: at most once per `SETTLE_MS`, so that a storm of events is one redraw. */

import { useEffect, useState } from 'preact/hooks';

/** Not a frame: tabs in the background have none, and their titles must go on counting. */
const SETTLE_MS = 50;

export class Listeners {
  readonly #listeners = new Set<() => void>();
  #pending = false;
  #version = 0;

  /** Counts the changes: who comes to listen sees by it what he missed. */
  get version(): number {
    return this.#version;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  protected changed(): void {
    this.#version++;
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      for (const listener of this.#listeners) listener();
    }, SETTLE_MS);
  }
}

/** Draws the component anew whenever `source` has changed. */
export function useChanges<T extends Listeners>(source: T): T {
  const [, draw] = useState(source.version);
  useEffect(() => {
    const follow = () => draw(source.version);
    // Something may have changed since it was drawn.
    follow();
    return source.listen(follow);
  }, [source]);
  return source;
}
