import type { Member, Placement } from './member.ts';

/** Processes that are always there, with a load balancer before them that knows nothing of them. */
export class Pods implements Placement {
  readonly members: Member[];
  readonly waits = false;

  constructor(members: Member[]) {
    this.members = members;
  }

  place(luck: number): Member {
    return this.members[Math.floor(luck * this.members.length)] as Member;
  }

  /** A crashed process is gone; a new one takes its place. */
  replace(gone: Member, by: Member): void {
    this.members[this.members.indexOf(gone)] = by;
  }

  startMs(): number {
    return 0;
  }

  done(): void {}
}
