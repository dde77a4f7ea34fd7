import { useCallback, useEffect, useState } from 'preact/hooks';
import { addressOf, parseRoute, type Route } from './route.ts';

/** The route, and a way to another one. `replace`: without an entry in the browser's history, as for each letter of a search. */
export function useRoute(): [Route, (to: Partial<Route>, how?: 'replace') => void] {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    // It may have changed before anybody listened.
    follow();
    return () => removeEventListener('hashchange', follow);
  }, []);
  const go = useCallback((to: Partial<Route>, how?: 'replace') => {
    const next = { ...parseRoute(location.hash), ...to };
    if (how === 'replace') history.replaceState(null, '', addressOf(next));
    else location.hash = addressOf(next);
    setRoute(next);
  }, []);
  return [route, go];
}
