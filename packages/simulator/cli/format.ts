import type { Figure } from '@switchgear/simulator';

/** A figure as people read it. */
export function format(value: number | undefined, unit: Figure['unit']): string {
  if (value === undefined) return '–';
  if (!Number.isFinite(value)) return 'never';
  switch (unit) {
    case 'ms':
      return value >= 1_000 ? `${round(value / 1_000)} s` : `${round(value)} ms`;
    case 'usd':
      return value > 0 && value < 0.01 ? '< $0.01' : `$${grouped(value.toFixed(2))}`;
    case 'ratio':
      return `${value.toFixed(2)} ×`;
    case 'count':
      return grouped(`${Math.round(value)}`);
  }
}

function round(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}
