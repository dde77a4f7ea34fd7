/** Colours, where the terminal has them. Text is padded and cut before it is painted: paint has no width. */

export type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

const plain: Paint = (text) => text;
const sgr =
  (code: number): Paint =>
  (text) =>
    `\x1b[${code}m${text}\x1b[0m`;

export const PLAIN: Palette = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
const COLOURS: Palette = { bold: sgr(1), dim: sgr(2), red: sgr(31), green: sgr(32), yellow: sgr(33) };

/** No colours into a file or a pipe, nor where `NO_COLOR` asks for none. */
export function paletteFor(out: NodeJS.WriteStream): Palette {
  return out.isTTY && !process.env.NO_COLOR ? COLOURS : PLAIN;
}

/** Colour of a breaker's or the ledger's state. */
export function moodOf(state: string, palette: Palette): Paint {
  if (state === 'closed' || state === 'healthy') return palette.green;
  if (state === 'half-open' || state === 'ramp' || state === 'slow') return palette.yellow;
  return state === '–' || state === '' ? palette.dim : palette.red;
}
