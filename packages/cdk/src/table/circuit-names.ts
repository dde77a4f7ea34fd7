import { Token } from 'aws-cdk-lib';
import { ConfigurationError } from 'switchgear';

const LONGEST_NAME = 255;

/**
 * Names of circuits as the library takes them, found out when the stack is synthesised. What is known only at deployment is not
 * looked at.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) where there are none, and with every one that is not a name.
 */
export function checkedCircuits(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new ConfigurationError(['circuits is empty; name one at least']);
  const problems = names
    .filter((name) => !Token.isUnresolved(name) && (name.length === 0 || name.length > LONGEST_NAME))
    .map((name) => `circuit ${JSON.stringify(name)} has no name; allowed: 1 to ${LONGEST_NAME} characters`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return names;
}
