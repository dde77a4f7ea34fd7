/** What a command writes to and hears from. */

import { createInterface } from 'node:readline/promises';
import { printableLines } from '../render/printable.ts';
import { type Style, styleFor } from '../render/style.ts';

export const style: Style = styleFor(process.stdout, process.env);

export function out(text: string): void {
  process.stdout.write(text);
}

/** For people: progress, notes and questions, so that stdout can be piped on. What it tells of names is harmless. */
export function note(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

/** What failed once and is tried again: who watches keeps watching. */
export function noteGoingOn(error: unknown): undefined {
  note(`switchgear: ${(error as Error).message}; going on`);
}

/** Columns to fit a table into; none where it goes to a file or another program. */
export function width(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/** Whether somebody is there to answer. */
export function interactive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks a question of yes or no; anything but yes is no, and so is the end of the input. */
export async function confirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Runs what goes on until Ctrl-C or SIGTERM; it ends when its signal aborts, and cleans up. A second Ctrl-C ends it hard. */
export async function untilInterrupted(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupted = new AbortController();
  const end = () => interrupted.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    await run(interrupted.signal);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

/** Waits, at most until `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
