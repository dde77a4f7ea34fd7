/** Progress on a terminal: a table that redraws in place. */

import type { RunLog } from '../stage.ts';
import type { Progress, RunTitle } from './progress.ts';
import { moodOf, type Paint, type Palette, paletteFor } from './style.ts';
import { type View, viewOf } from './view.ts';

const REDRAW_MS = 150;
const BAR = 40;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

export class LiveProgress implements Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #palette: Palette;
  #title: RunTitle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#palette = paletteFor(out);
  }

  starting(title: RunTitle): void {
    this.#title = title;
    this.#out.write(HIDE_CURSOR);
    this.#draw([...this.#header(title), [['starting the processes …', this.#palette.dim]]]);
  }

  running(log: RunLog): void {
    const draw = () => this.#title && this.#draw(this.#table(this.#title, viewOf(log)));
    this.#timer = setInterval(draw, REDRAW_MS);
    draw();
  }

  ended(): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#out.write(SHOW_CURSOR);
  }

  #header({ name, chain, hint }: RunTitle): Line[] {
    const { bold, dim } = this.#palette;
    return [[[name, bold]], [[chain, dim]], ...(hint === undefined ? [] : [[[hint]] as Line]), []];
  }

  /** How far a run is. */
  #bar({ seconds }: RunTitle, { elapsedMs }: View): Line[] {
    if (seconds === undefined) return [];
    const totalMs = seconds * 1_000;
    const filled = Math.round(Math.min(1, elapsedMs / totalMs) * BAR);
    const leftS = Math.max(0, (totalMs - elapsedMs) / 1_000).toFixed(1);
    return [[[`${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  ${leftS} s left`, this.#palette.dim]], []];
  }

  #table(title: RunTitle, view: View): Line[] {
    const { bold, dim, red } = this.#palette;
    const { client } = view;
    return [
      ...this.#header(title),
      ...this.#bar(title, view),
      [
        ['ledger  ', bold],
        [view.ledger.padEnd(9), moodOf(view.ledger, this.#palette)],
        [
          `${view.hits} calls have hit it while it failed${title.seconds === undefined ? ' in the last minute' : ''}`,
        ],
      ],
      [
        ['client  ', bold],
        [`${client.calls - client.errors} ok/s  `],
        [`${client.errors} errors/s  `, client.errors > 0 ? red : undefined],
        [`p50 ${client.p50Ms.toFixed(0)} ms  p99 ${client.p99Ms.toFixed(0)} ms`],
      ],
      [['store   ', bold], [`${view.storeCalls} calls/s`]],
      [],
      [['process        pid  breaker         ok/s  failed/s  rejected/s', dim]],
      ...view.payments.map(
        ({ name, pid, state, ok, failed, rejected }): Line => [
          [`${name.padEnd(11)} ${String(pid).padStart(7)}  `],
          [state.padEnd(12), moodOf(state, this.#palette)],
          [String(ok).padStart(8)],
          [String(failed).padStart(10), failed > 0 ? red : undefined],
          [String(rejected).padStart(12)],
        ],
      ),
    ];
  }

  #draw(lines: readonly Line[]): void {
    // A line that wraps, or a table taller than the screen, could not be erased again.
    const shown = lines
      .slice(0, Math.max(1, this.#out.rows - 1))
      .map((line) => paint(line, this.#out.columns));
    this.#erase();
    this.#out.write(shown.map((text) => `${text}\n`).join(''));
    this.#drawn = shown.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}

/** Pieces of text with their colours. */
type Line = readonly (readonly [text: string, colour?: Paint | undefined])[];

function paint(line: Line, width: number): string {
  let left = width;
  return line
    .map(([text, colour]) => {
      const cut = text.slice(0, left);
      left -= cut.length;
      return colour ? colour(cut) : cut;
    })
    .join('');
}
