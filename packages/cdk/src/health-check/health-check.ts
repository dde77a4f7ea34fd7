import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { NAMESPACE } from '../lambda/metrics.ts';
import { libraryFunction, ownHandler } from '../library-function.ts';
import type { CircuitBreakerTable } from '../table/circuit-breaker-table.ts';
import { checkedCircuits } from '../table/circuit-names.ts';
import { onChange } from './alarm-actions.ts';
import { AlarmTrip } from './alarm-trip.ts';

export interface HealthCheckProps {
  readonly table: CircuitBreakerTable;
  /** Name of the circuit. */
  readonly circuit: string;
  /**
   * What is tested: an address, which must answer GET with less than 400; or a file of your own that exports
   * `handler = healthCheck(check)`, bundled with what it imports.
   */
  readonly check: { readonly url: string } | { readonly entry: string };
  /** How often. Whole minutes; default 1. */
  readonly interval?: Duration;
  /** A test that takes longer has failed. Default 5 seconds. */
  readonly timeout?: Duration;
  /** Mean time of a test above which the latency alarm is on. Default: half of `timeout`. */
  readonly maxLatency?: Duration;
  /** Tests in a row that must be bad before an alarm is on, or missing. Default 3. */
  readonly evaluationPeriods?: number;
  /** Whether the alarms on errors and on latency open the circuit. Default true. */
  readonly trip?: boolean;
  /** More of the function's environment: options of the circuit (`SWITCHGEAR_…`), what a test of your own needs. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** EventBridge keeps no event longer. */
const A_DAY = Duration.days(1);

/**
 * A scheduled function that tests a dependency, reports it to CloudWatch, and probes the circuit in the place of customers where
 * the circuit's `healthCheckGrace` leaves that to it. Alarms on errors, latency and missing data.
 *
 * Each test is a call through the circuit, and counts like one.
 */
export class HealthCheck extends Construct {
  readonly handler: IFunction;
  /** On while tests fail. */
  readonly errors: Alarm;
  /** On while tests take too long. */
  readonly latency: Alarm;
  /** On while there are no tests: nothing is known then, and nothing is tripped. */
  readonly missing: Alarm;

  constructor(scope: Construct, id: string, props: HealthCheckProps) {
    super(scope, id);
    const {
      table,
      circuit,
      check,
      interval = Duration.minutes(1),
      timeout = Duration.seconds(5),
      trip = true,
    } = props;
    const { evaluationPeriods = 3, maxLatency = Duration.millis(timeout.toMilliseconds() / 2) } = props;
    checkedCircuits([circuit]);
    this.handler = libraryFunction(this, 'Handler', {
      entry: 'entry' in check ? check.entry : ownHandler('http-health-check'),
      table,
      description: `Health check of circuit ${circuit}`,
      // The test twice, where a probe that was refused is followed by one beside the circuit, and the store's answers.
      timeout: Duration.seconds(10 + Math.ceil((2 * timeout.toMilliseconds()) / 1_000)),
      environment: {
        ...props.environment,
        CIRCUIT: circuit,
        CHECK_TIMEOUT_MS: `${timeout.toMilliseconds()}`,
        ...('url' in check && { CHECK_URL: check.url }),
      },
    });
    table.grantUse(this.handler, { circuits: [circuit] });
    new Rule(this, 'Schedule', {
      schedule: Schedule.rate(interval),
      targets: [
        new LambdaFunction(this.handler, {
          maxEventAge: interval.toSeconds() > A_DAY.toSeconds() ? A_DAY : interval,
          retryAttempts: 0,
        }),
      ],
    });

    const metric = (metricName: string, statistic: string) =>
      new Metric({
        namespace: NAMESPACE,
        metricName,
        dimensionsMap: { circuit },
        period: interval,
        statistic,
      });
    const alarm = (name: string, alarmDescription: string, of: Metric, threshold: number, more = {}) =>
      new Alarm(this, name, {
        alarmDescription,
        metric: of,
        threshold,
        evaluationPeriods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.MISSING,
        ...more,
      });
    this.errors = alarm(
      'Errors',
      `${circuit} fails its health check`,
      metric('HealthCheckFailures', Stats.SUM),
      0,
    );
    this.latency = alarm(
      'Latency',
      `${circuit} answers its health check slowly`,
      metric('HealthCheckLatency', Stats.AVERAGE),
      maxLatency.toMilliseconds(),
    );
    this.missing = alarm(
      'Missing',
      `${circuit} has no health check`,
      metric('HealthCheckFailures', Stats.SAMPLE_COUNT),
      1,
      {
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.BREACHING,
      },
    );
    if (trip) new AlarmTrip(this, 'Trip', { table, circuit, alarms: [this.errors, this.latency] });
  }

  /** What all three alarms do besides, such as telling an SNS topic; also when they are over. */
  addAlarmAction(...actions: IAlarmAction[]): void {
    onChange([this.errors, this.latency, this.missing], actions);
  }
}
