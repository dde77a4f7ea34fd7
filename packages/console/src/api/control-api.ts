/** The control API, as the page asks it. */

import type {
  Circuit,
  Circuits,
  Health,
  History,
  OverrideRequest,
  Problem,
  Samples,
} from '@switchgear/cli/control-api';
import { browser, tab } from '../memory.ts';

/** Health, and what a server may offer besides the API: the demo's lever. */
export type Announcement = Health & { readonly lever?: string };

/** The server's refusal, in its own words. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly status: number;
  readonly code: string;

  /** Whether the server says that nothing was done: of a store that failed, or of a proxy, that is not known. */
  get final(): boolean {
    return this.status < 500;
  }

  constructor({ status, code, detail }: Problem) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** A change that has had no answer by then may have happened: whoever asked for it is told so, and looks. */
const CHANGE_MS = 15_000;

/** Why a question had no answer. */
export function failureWords(error: unknown): string {
  if (error instanceof RequestRefused) return error.message;
  // A proxy's page, most often one that asks who you are.
  if (error instanceof SyntaxError) return 'something else answers in the place of the server';
  // Browsers have words of their own for a server that is not there ("Failed to fetch"): none helps.
  return 'the server cannot be reached';
}

const TOKEN = 'switchgear.token';
const OPERATOR = 'switchgear.operator';

/** The server that the page came from, wherever it is mounted. */
export class ControlApi {
  readonly #base: string;

  constructor(base = document.baseURI) {
    this.#base = base;
  }

  /** Kept while the tab lives, and in this tab alone. */
  set token(token: string) {
    tab.set(TOKEN, token);
  }

  /** Whom changes name as their author, where the server does not know him anyway. Kept in this browser. */
  get operator(): string {
    return browser.get(OPERATOR) ?? '';
  }

  set operator(name: string) {
    browser.set(OPERATOR, name);
  }

  circuits(signal?: AbortSignal): Promise<Circuits> {
    return this.#ask('GET', 'v1/circuits', { signal });
  }

  history(name: string, signal?: AbortSignal): Promise<History> {
    return this.#ask('GET', `${pathOf(name)}/history?limit=100`, { signal });
  }

  /** Samples of all circuits. */
  samples(sinceMs: number, signal: AbortSignal): Promise<Samples> {
    return this.#ask('GET', `v1/samples?sinceMs=${Math.floor(sinceMs)}`, { signal });
  }

  /** Refused where the operators' latest word is no longer the one of version `seen`. */
  override(name: string, seen: number, request: OverrideRequest): Promise<Circuit> {
    return this.#change('PUT', `${pathOf(name)}/override`, request, seen);
  }

  /** Refused as above. */
  release(name: string, seen: number, reason: string): Promise<Circuit> {
    return this.#change('DELETE', `${pathOf(name)}/override`, { reason }, seen);
  }

  /** Refused as above. */
  reset(name: string, seen: number, reason: string): Promise<Circuit> {
    return this.#change('POST', `${pathOf(name)}/reset`, { reason }, seen);
  }

  /** A server that cannot reach its store answers 503 with the same body. */
  async health(signal?: AbortSignal): Promise<Announcement> {
    const response = await this.#send('GET', 'v1/health', { signal });
    return (await response.json()) as Announcement;
  }

  /** What the demo's ledger does, and to make it do something else. */
  lever<T>(path: string, body?: object): Promise<T> {
    return this.#ask(body ? 'POST' : 'GET', path.replace(/^\//, ''), { body });
  }

  /** The stream of live events, from behind `lastEventId`. */
  async events(lastEventId: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
    const response = await this.#send('GET', 'v1/events', { signal, headers });
    if (!response.ok || !response.body) throw await refusal(response);
    return response.body;
  }

  async #change(method: string, path: string, body: object, seen: number): Promise<Circuit> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), CHANGE_MS);
    try {
      const headers = { 'if-match': `"${seen}"` };
      return await this.#ask(method, path, { body, headers, signal: patience.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask<T>(method: string, path: string, init: Init): Promise<T> {
    const response = await this.#send(method, path, init);
    if (!response.ok) throw await refusal(response);
    return (await response.json()) as T;
  }

  #send(method: string, path: string, { body, headers, signal }: Init): Promise<Response> {
    const token = tab.get(TOKEN);
    return fetch(new URL(path, this.#base), {
      method,
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(body !== undefined && this.operator && { 'switchgear-by': encodeURIComponent(this.operator) }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }
}

interface Init {
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

function pathOf(name: string): string {
  return `v1/circuits/${encodeURIComponent(name)}`;
}

/** A proxy between here and there may answer in words of its own. */
async function refusal(response: Response): Promise<RequestRefused> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  return new RequestRefused({
    status: response.status,
    code: problem?.code ?? 'UNKNOWN',
    detail: problem?.detail ?? `The server answered ${response.status}.`,
  });
}
