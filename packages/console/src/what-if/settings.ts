/** The settings that the tab offers: which, as what, and with which values they begin. */

import type { Circuit } from '@switchgear/cli/control-api';
import { BREAKER_DESCRIPTIONS, BREAKER_OPTIONS } from 'switchgear/config';

export const SETTINGS = [
  'failureThreshold',
  'failureRatio',
  'minCalls',
  'failureWindow',
  'resetTimeout',
  'backoff',
  'maxResetTimeout',
  'halfOpenMaxProbes',
  'halfOpenSuccessThreshold',
  'rampDuration',
  'quorum',
] as const satisfies readonly (keyof typeof BREAKER_OPTIONS)[];
export type Setting = (typeof SETTINGS)[number];

/** As typed into the form. */
export type SettingTexts = Readonly<Record<Setting, string>>;

export function meaningOf(setting: Setting): string {
  return BREAKER_DESCRIPTIONS[setting];
}

/** The circuit's own: what is stored with it, else what the library does by itself. What only its code says is not known here. */
export function ownSettings({ policy }: Pick<Circuit, 'policy'>): SettingTexts {
  const texts = SETTINGS.map((setting) => {
    return [setting, settingText(setting, policy?.values[setting] ?? defaultOf(setting))];
  });
  return Object.fromEntries(texts) as SettingTexts;
}

/** What is stored with the circuit and not offered here: it is in force on both sides. */
export function otherSettings({ policy }: Pick<Circuit, 'policy'>): PolicyValues {
  const others = Object.entries(policy?.values ?? {}).filter(
    ([key]) => !(SETTINGS as readonly string[]).includes(key),
  );
  return Object.fromEntries(others.map(([key, value]) => [key, value === 'off' ? false : value]));
}

type PolicyValues = Readonly<Record<string, number | string | false>>;

/** For the library, which says what is wrong with them. */
export function policyOf(texts: SettingTexts): PolicyValues {
  const values = SETTINGS.map((setting) => {
    const text = texts[setting].trim();
    const number = Number(text);
    if (setting === 'rampDuration' && number === 0) return [setting, false];
    return [setting, text === '' || Number.isNaN(number) ? text : number];
  });
  return Object.fromEntries(values);
}

/** Each has one that is a number: `SETTINGS` holds no others. */
function defaultOf(setting: Setting): number {
  return Number(BREAKER_OPTIONS[setting].default);
}

/** As people write it: `30s`, not 30000. */
export function settingText(setting: string, value: number | string): string {
  const known = Object.hasOwn(BREAKER_OPTIONS, setting) && BREAKER_OPTIONS[setting as Setting];
  return known && known.kind === 'duration' ? durationText(value) : String(value);
}

/** `failureThreshold 5, resetTimeout 30s`. */
export function settingsText(values: Readonly<Record<string, number | string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${settingText(key, value)}`)
    .join(', ');
}

const UNITS = [
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
  [1, 'ms'],
] as const;

/** `90000` as `90s`: in the largest unit of which it is a whole number. */
function durationText(value: number | string): string {
  if (typeof value !== 'number' || value === 0) return String(value);
  const [size, unit] = UNITS.find(([size]) => value % size === 0) ?? [1, 'ms'];
  return `${value / size}${unit}`;
}
