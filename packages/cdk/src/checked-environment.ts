import { Token } from 'aws-cdk-lib';
import { optionsFromEnv } from 'switchgear/config';

/**
 * Variables of a function's environment, those of the library checked: what is misspelt is to be found here, not by the first
 * invocation. What is known only at deployment is not looked at.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) with every problem.
 */
export function checkedEnvironment(
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const known = Object.entries(environment).filter(([, value]) => !Token.isUnresolved(value));
  optionsFromEnv(Object.fromEntries(known));
  return environment;
}
