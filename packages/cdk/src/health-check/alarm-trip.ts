import { Duration } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { libraryFunction, ownHandler } from '../library-function.ts';
import type { CircuitBreakerTable } from '../table/circuit-breaker-table.ts';

export interface AlarmTripProps {
  readonly table: CircuitBreakerTable;
  /** Name of the circuit. */
  readonly circuit: string;
  /** Alarms that open it, each by itself. Any alarm will do, composite ones too. */
  readonly alarms: readonly IAlarm[];
  /** How long an alarm must be OK again before a probe is let through. Default 1 minute. */
  readonly recoverAfter?: Duration;
  /** How long an alarm holds the circuit open at most, should its OK never come. Default 1 hour. */
  readonly maxOpen?: Duration;
}

/** EventBridge brings an event again for so long where the function failed; an older one would change nothing. */
const MAX_EVENT_AGE = Duration.minutes(15);

/**
 * Opens a circuit while a CloudWatch alarm is on, as an operator would: the override `forced-open` by `alarm/<name>`. When the
 * alarm has been OK for a while it ends, and a probe decides. An operator's own override is left alone.
 */
export class AlarmTrip extends Construct {
  readonly handler: IFunction;

  constructor(scope: Construct, id: string, props: AlarmTripProps) {
    super(scope, id);
    const { table, circuit, alarms, recoverAfter = Duration.minutes(1), maxOpen = Duration.hours(1) } = props;
    if (alarms.length === 0) throw new Error('AlarmTrip: alarms is empty; name one at least');
    this.handler = libraryFunction(this, 'Handler', {
      entry: ownHandler('alarm'),
      table,
      description: `Opens circuit ${circuit} while an alarm is on`,
      timeout: Duration.seconds(10),
      environment: {
        CIRCUIT: circuit,
        MAX_OPEN_MS: `${maxOpen.toMilliseconds()}`,
        RECOVER_AFTER_MS: `${recoverAfter.toMilliseconds()}`,
      },
    });
    table.grantRole(this.handler, 'alarm', { circuits: [circuit] });
    new Rule(this, 'Rule', {
      description: `Alarms of circuit ${circuit}`,
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        resources: alarms.map(({ alarmArn }) => alarmArn),
      },
      targets: [new LambdaFunction(this.handler, { maxEventAge: MAX_EVENT_AGE, retryAttempts: 5 })],
    });
  }
}
