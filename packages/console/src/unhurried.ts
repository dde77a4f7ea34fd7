import { useEffect, useRef, useState } from 'preact/hooks';

/** Between two readings aloud. */
const CALM_MS = 5_000;

/** `text` as it is to be read aloud: the newest at once, and in a storm of changes one at a time. */
export function useUnhurried(text: string): string {
  const [told, tell] = useState(text);
  const toldMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (text === told) return;
    const waitMs = Math.max(0, toldMs.current + CALM_MS - Date.now());
    const timer = setTimeout(() => {
      toldMs.current = Date.now();
      tell(text);
    }, waitMs);
    return () => clearTimeout(timer);
  }, [text, told]);
  return told;
}
