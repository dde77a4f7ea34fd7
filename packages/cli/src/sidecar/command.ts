/** The commands for programs of any language. */

import type { Command } from 'commander';
import { registerDecisions } from './decisions/command.ts';
import { registerProxy } from './proxy/command.ts';

/** Adds `proxy` and `sidecar`. */
export function registerSidecar(program: Command): void {
  registerProxy(program);
  registerDecisions(program);
}
