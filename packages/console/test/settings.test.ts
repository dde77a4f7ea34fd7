/** The what-if's settings: as stored, as people write them, as the library takes them. */

import { MemoryStore, Switchgear } from 'switchgear';
import { expect, it } from 'vitest';
import { otherSettings, ownSettings, policyOf, SETTINGS, settingText } from '../src/what-if/settings.ts';

const policy = {
  version: 3,
  values: {
    failureThreshold: 7,
    resetTimeout: 90_000,
    rampDuration: 0,
    consecutiveFailures: 'off',
    slowCallRatio: 0.2,
  },
  by: 'ana',
  reason: 'fewer false alarms',
  atMs: 1_800_000_000_000,
};

it('begins with what is stored, else with the library’s defaults, in the words of the options', () => {
  expect(ownSettings({ policy })).toMatchObject({
    failureThreshold: '7',
    resetTimeout: '90s',
    failureWindow: '1m',
    maxResetTimeout: '5m',
    rampDuration: '0',
    backoff: '2',
  });
  expect(settingText('slowCallDuration', 1_500)).toBe('1500ms');
  expect(settingText('of a later version', 'eclipse')).toBe('eclipse');
});

it('what it begins with, the library takes; what is not offered stays in force', () => {
  const others = otherSettings({ policy });
  expect(others).toEqual({ consecutiveFailures: false, slowCallRatio: 0.2 });
  const gear = new Switchgear({ store: new MemoryStore() });
  for (const own of [ownSettings({ policy }), ownSettings({})])
    expect(() => gear.breaker(own.resetTimeout, { ...others, ...policyOf(own) })).not.toThrow();
  expect(gear.breaker('90s').options).toMatchObject({
    failureThreshold: 7,
    resetTimeout: 90_000,
    rampDuration: 0,
  });
});

it('hands over what was typed, for the library to judge', () => {
  const own = ownSettings({});
  const typed = policyOf({ ...own, resetTimeout: ' soon ', failureRatio: '', quorum: '2' });
  expect(typed).toMatchObject({ resetTimeout: 'soon', failureRatio: '', quorum: 2, rampDuration: false });
  expect(Object.keys(typed)).toEqual([...SETTINGS]);
});
