/** Longest time that an attempt to connect may take, milliseconds. */
export const CONNECT_TIMEOUT_MS = 2_000;

/** A connection on which an answer is this late, milliseconds, is given up. */
export const ANSWER_TIMEOUT_MS = 5_000;

/** How often a subscriber, which has nothing to say, asks whether the other side is still there, milliseconds. */
export const HEARTBEAT_MS = 5_000;

/** Longest time between two looks whether a server that loads its data is ready, milliseconds. */
export const LOADING_CHECK_MS = 1_000;

const FIRST_MS = 50;
const LONGEST_MS = 2_000;

/** How long to wait before attempt `attempt` (from 1 on) to connect again, milliseconds. There is no last one. */
export function reconnectDelay(attempt: number): number {
  // Spread: a server that comes back meets the whole fleet.
  return Math.min(FIRST_MS * attempt, LONGEST_MS) * (0.75 + Math.random() / 2);
}
