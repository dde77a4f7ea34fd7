import { Token } from 'aws-cdk-lib';
import { ConfigurationError } from 'switchgear';

/** The library takes any name; IAM's policies end at U+00FF, the dimensions of CloudWatch's metrics with ASCII. */
const NAME = /^(?=.*\S)[ -~]{1,255}$/;

/**
 * Names of circuits as the library and AWS take them, found out when the stack is synthesised. What is known only at deployment is
 * not looked at.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) where there are none, and with every one that is not a name.
 */
export function checkedCircuits(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new ConfigurationError(['circuits is empty; name one at least']);
  const problems = names
    .filter((name) => !Token.isUnresolved(name) && !NAME.test(name))
    .map((name) => `circuit ${JSON.stringify(name)}: no such name; allowed: 1 to 255 characters of ASCII`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return names;
}
