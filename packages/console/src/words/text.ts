/** Text of others, fit to be shown. */

/**
 * Characters that are not seen but do something, as escapes: in a name they could turn the words around it about, or make
 * it look like another's. As the command shows them.
 */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
