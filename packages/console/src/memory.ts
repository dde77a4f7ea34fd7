/** What the page remembers. A browser that lets it keep nothing gets a page that forgets, not one that is blank. */

interface Memory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

/** As long as the tab lives, and in this tab alone. */
export const tab = memory(() => sessionStorage);
/** For good, in this browser. */
export const browser = memory(() => localStorage);

/** @param storage throws where cookies are blocked, and while it is full. */
function memory(storage: () => Storage): Memory {
  const kept = new Map<string, string>();
  return {
    get(key) {
      try {
        return storage().getItem(key) ?? kept.get(key);
      } catch {
        return kept.get(key);
      }
    },
    set(key, value) {
      kept.set(key, value);
      try {
        storage().setItem(key, value);
      } catch {
        // Kept until the page is left.
      }
    },
  };
}
