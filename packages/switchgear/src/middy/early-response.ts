/** Middy's way out: once a middleware has answered early, it calls no other. */

import type { Request } from '@middy/core';

/**
 * Calls `run`, which must not throw, when a middleware of `request` answers early. Middy tells nobody: it sets a property, to
 * which the request here inherits a setter.
 */
export function onEarlyResponse(request: Request, run: () => void): void {
  const setter = {
    set earlyResponse(value: unknown) {
      Object.defineProperty(request, 'earlyResponse', {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      run();
    },
  };
  Object.setPrototypeOf(request, setter);
}
