/** Colours, where a terminal shows them. */

import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** A state in the colour of what it does to calls. */
  readonly state: (state: string, text?: string) => string;
}

const COLOURS: Readonly<Record<string, Format>> = {
  closed: 'green',
  open: 'red',
  'half-open': 'yellow',
  ramp: 'yellow',
  'forced-open': ['red', 'bold'],
  'forced-closed': ['cyan', 'bold'],
  disabled: ['magenta', 'bold'],
};

/** Styles for a stream: none unless it is a terminal, or where `NO_COLOR` is set to anything. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const coloured = stream.isTTY === true && !env.NO_COLOR;
  const as = (format: Format) => (text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: as('bold'),
    dim: as('dim'),
    state: (state, text = state) => as(COLOURS[state] ?? 'reset')(text),
  };
}
