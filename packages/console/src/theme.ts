/** Light or dark: as the system says, until the operator says otherwise. */

import { useEffect, useState } from 'preact/hooks';
import { browser } from './memory.ts';

export type Theme = 'light' | 'dark';

const CHOICE = 'switchgear.theme';
const CHANGED = 'switchgear:theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export function theme(): Theme {
  const chosen = browser.get(CHOICE);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** Puts the theme into the page: at its start, and whenever the system's changes. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = theme();
    dispatchEvent(new Event(CHANGED));
  };
  system.addEventListener('change', apply);
  apply();
}

export function chooseTheme(choice: Theme): void {
  browser.set(CHOICE, choice);
  document.documentElement.dataset.theme = choice;
  dispatchEvent(new Event(CHANGED));
}

export function useTheme(): Theme {
  const [current, setCurrent] = useState(theme);
  useEffect(() => {
    const follow = () => setCurrent(theme());
    addEventListener(CHANGED, follow);
    return () => removeEventListener(CHANGED, follow);
  }, []);
  return current;
}
