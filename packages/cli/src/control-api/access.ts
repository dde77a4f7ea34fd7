/** Who may call the control API, and how that is found out. */

import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * A viewer reads; an operator changes things too, and may tell of calls. A reporter does that alone: its token lies in every
 * process that tells.
 */
export type Role = 'viewer' | 'operator' | 'reporter';

export interface Caller {
  readonly role: Role;
  /** Who it is, where that is known for certain; absent: what the request says of itself. */
  readonly by?: string;
}

/**
 * Who sends a request, or `undefined` for nobody. `env` is what the platform gives beside the request: in a Lambda
 * `env.event` with the identity that IAM has checked.
 */
export type Authenticate = (
  request: Request,
  env: unknown,
) => Caller | undefined | Promise<Caller | undefined>;

/** Shorter tokens can be guessed. */
export const MIN_TOKEN_LENGTH = 16;

/**
 * Callers are told apart by `Authorization: Bearer …`. Takes as long for a wrong token as for a right one.
 * @throws RangeError for a token of fewer than 16 characters.
 */
export function bearerTokens(tokens: Readonly<Partial<Record<Role, string>>>): Authenticate {
  const known = Object.entries(tokens).map(([role, token]) => {
    if (token.length < MIN_TOKEN_LENGTH)
      throw new RangeError(
        `the ${role}'s token is too short; allowed: ${MIN_TOKEN_LENGTH} characters or more`,
      );
    return { role: role as Role, digest: digest(token) };
  });
  return (request) => {
    const [, token = ''] = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? [];
    const given = digest(token);
    // Each is compared, so that time does not tell whose token it was.
    const matching = known.filter(({ digest }) => timingSafeEqual(digest, given));
    return matching[0] && { role: matching[0].role };
  };
}

/** Digests have one length, as `timingSafeEqual` wants it. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
