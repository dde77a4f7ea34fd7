import type { Member, Placement } from './member.ts';

/** Processes that are always there, with a load balancer before them that knows nothing of them. */
export class Pods implements Placement {
  readonly members: readonly Member[];
  readonly waits = false;

  constructor(members: readonly Member[]) {
    this.members = members;
  }

  place(luck: number): Member {
    return this.members[Math.floor(luck * this.members.length)] as Member;
  }

  startMs(): number {
    return 0;
  }

  done(): void {}
}
