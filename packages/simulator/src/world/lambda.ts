import type { Member, Placement } from './member.ts';

export interface LambdaSettings {
  /** Time that a new instance takes to start, milliseconds. */
  readonly coldStartMs: number;
  /** Idle time after which an instance is taken away, milliseconds. */
  readonly idleMs: number;
}

/**
 * AWS Lambda: one call at a time per instance, the warmest idle instance first, a new one where none is idle; frozen
 * between calls. Source: "AWS Lambda Developer Guide", execution environment lifecycle.
 */
export class Lambda implements Placement {
  readonly members: Member[] = [];
  readonly waits = true;
  readonly #settings: LambdaSettings;
  readonly #start: () => Member;
  /** The last one has been idle for the shortest time. */
  readonly #idle: { readonly member: Member; readonly sinceMs: number }[] = [];
  #coldStart: Member | undefined;

  /** @param start brings up a new process, numbered in order. */
  constructor(start: () => Member, settings: LambdaSettings) {
    this.#start = start;
    this.#settings = settings;
  }

  place(): Member {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const { process } = idle.member;
      if (process.gone) continue;
      process.thaw();
      return idle.member;
    }
    const member = this.#start();
    this.members.push(member);
    this.#coldStart = member;
    return member;
  }

  startMs(member: Member): number {
    return member === this.#coldStart ? this.#settings.coldStartMs : 0;
  }

  done(member: Member): void {
    const { process } = member;
    if (process.gone) return;
    process.freeze();
    this.#idle.push({ member, sinceMs: process.engine.nowMs });
    this.#reap(process.engine.nowMs - this.#settings.idleMs);
  }

  #reap(beforeMs: number): void {
    let gone = 0;
    for (const { member, sinceMs } of this.#idle) {
      if (sinceMs >= beforeMs) break;
      member.process.crash();
      gone++;
    }
    this.#idle.splice(0, gone);
  }
}
