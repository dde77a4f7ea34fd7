import type { Problem } from '../problem.ts';

/** Error types of RFC 9209 by the codes of Node. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'connection_refused'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'dns_error'],
  [/^ETIMEDOUT$/, 'connection_timeout'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, 'destination_ip_unroutable'],
  [/CERT|SIGNATURE|ALTNAME/, 'tls_certificate_error'],
  [/^HPE_/, 'http_protocol_error'],
];

/** The answer where the upstream gave none. Its code is told, never its message: that may hold what is nobody's business. */
export function upstreamProblem(error: unknown, circuit: string): Problem {
  const code = String((error as { code?: unknown } | undefined)?.code ?? 'unknown error');
  return {
    status: 502,
    code: 'UPSTREAM_FAILED',
    detail: `the upstream gave no answer: ${code}`,
    circuit,
    proxyStatus: TYPES.find(([pattern]) => pattern.test(code))?.[1] ?? 'connection_terminated',
  };
}
