/** Asks for the token that the server wants. */

import { useState } from 'preact/hooks';

export interface SignInProps {
  readonly why: string;
  readonly enter: (token: string) => void;
}

export function SignIn({ why, enter }: SignInProps) {
  const [token, setToken] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    enter(token.trim());
  };
  return (
    <form class="sign-in" onSubmit={submit}>
      <h2>This switchboard is locked</h2>
      <p class="quiet">{why}</p>
      <label for="token">Token</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        // What no header can carry is no token.
        pattern="\s*[!-~]+\s*"
        title="A token has letters, digits and signs, without blanks between them."
        required
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <p class="quiet">Kept in this tab until it is closed. Whoever started the server has it.</p>
      <button type="submit" class="primary" disabled={token.trim() === ''}>
        Unlock
      </button>
    </form>
  );
}
