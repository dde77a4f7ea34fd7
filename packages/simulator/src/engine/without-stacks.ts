/** Does `work` with errors that have no stack: refusals are errors, most of what they cost is their stack, and nobody reads these. */
export async function withoutStacks<T>(work: () => Promise<T>): Promise<T> {
  const errors = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = errors;
  errors.stackTraceLimit = 0;
  try {
    return await work();
  } finally {
    if (stackTraceLimit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = stackTraceLimit;
  }
}
