import type { Operator, Witness } from 'switchgear/operate';

/**
 * Puts circuits into a fresh closed state, each for whoever saw the version of its override that is there (`ifVersion`). A store
 * clears whatever it finds; so what was seen is released first, which is refused where it is another by now. Only who acts in the
 * moment between the two is overruled.
 * @throws ConflictError (`CONFLICT`) where somebody came first: then the other circuits are reset.
 */
export async function resetCircuits(
  operator: Operator,
  requests: Readonly<Record<string, Witness>>,
): Promise<void> {
  const ended = await Promise.allSettled(
    Object.entries(requests).map(async ([name, { ifVersion, ...author }]) => {
      if (ifVersion !== undefined)
        await operator.setStates({ [name]: { mode: 'release', ...author, ifVersion } });
      await operator.clearStates([name], author);
    }),
  );
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}
