/** What keys do, wherever the focus is; but for where somebody types. */

import { useEffect, useRef } from 'preact/hooks';

export const KEYS = [
  ['j  k', 'next, previous circuit'],
  ['Enter', 'its details'],
  ['Esc', 'back'],
  ['/', 'search'],
  ['?', 'this list'],
] as const;

/** @param actions by `KeyboardEvent.key`. */
export function useKeys(actions: Readonly<Record<string, () => void>>): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // A dialog has keys of its own, and Escape is one of them.
      if (document.querySelector('dialog[open]')) return;
      const target = event.target as HTMLElement;
      if (event.key !== 'Escape' && target.closest('input, textarea, select')) return;
      const action = current.current[event.key];
      if (!action) return;
      // Otherwise the slash would be the first letter of the search.
      event.preventDefault();
      action();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
