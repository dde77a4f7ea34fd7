import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IAlarmAction,
  type IMetric,
  MathExpression,
  Metric,
  SingleValueWidget,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { onChange } from './health-check/alarm-actions.ts';
import { NAMESPACE } from './lambda/metrics.ts';
import type { CircuitBreakerTable } from './table/circuit-breaker-table.ts';
import { checkedCircuits } from './table/circuit-names.ts';
import type { CircuitBreakerWorkflow } from './workflow/circuit-breaker-workflow.ts';

export interface CircuitDashboardProps {
  readonly table: CircuitBreakerTable;
  /** Names of the circuits that are shown. */
  readonly circuits: readonly string[];
  readonly workflow?: CircuitBreakerWorkflow;
}

const PERIOD = Duration.minutes(1);
const HALF = 12;

/** How long a circuit may be open, or the table throttle, before somebody should look, minutes. */
const OPEN_MINUTES = 15;
const THROTTLED_MINUTES = 3;

/**
 * Circuits in CloudWatch: how open they are, what was rejected, how recovery goes, what the table is asked. Alarms for what does
 * not mend itself.
 */
export class CircuitDashboard extends Construct {
  readonly dashboard: Dashboard;
  /** On while a circuit has been open for a quarter of an hour, as its health check sees it; in the order of `circuits`. */
  readonly open: readonly Alarm[];
  /** On while the table throttles: processes are on their own then. */
  readonly throttled: Alarm;

  constructor(scope: Construct, id: string, { table, circuits, workflow }: CircuitDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard');
    const unsearchable = checkedCircuits(circuits).find((name) => /["'\\]/.test(name));
    if (unsearchable !== undefined)
      throw new Error(
        `CircuitDashboard: CloudWatch cannot search for ${unsearchable}; allowed: no quotes, no \\`,
      );
    const { tableName } = table.table;
    const capacity = (metricName: string) =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: tableName },
        statistic: Stats.SUM,
        period: PERIOD,
      });
    this.open = circuits.map((circuit) => {
      const alarmDescription = `Circuit ${circuit} has been open for ${OPEN_MINUTES} minutes`;
      return new Alarm(this, `Open-${circuit}`, {
        ...LASTING,
        alarmDescription,
        metric: openness(circuit),
        evaluationPeriods: OPEN_MINUTES,
      });
    });
    this.throttled = new Alarm(this, 'Throttled', {
      ...LASTING,
      alarmDescription: 'The table of the circuits throttles',
      metric: new MathExpression({
        expression: 'FILL(reads, 0) + FILL(writes, 0)',
        usingMetrics: { reads: capacity('ReadThrottleEvents'), writes: capacity('WriteThrottleEvents') },
        period: PERIOD,
      }),
      evaluationPeriods: THROTTLED_MINUTES,
    });
    this.dashboard.addWidgets(
      new AlarmStatusWidget({
        title: 'To be looked at',
        alarms: [...this.open, this.throttled],
        width: 2 * HALF,
      }),
      new SingleValueWidget({
        title: 'Open now (0 closed, 1 open), by the health check',
        metrics: circuits.map((circuit) => openness(circuit)),
        width: 2 * HALF,
      }),
      graph('How open, by the health check', circuits.map(openness)),
      graph(
        'Services that it keeps from calling',
        circuits.map((circuit) => ofFleet('Open', circuit, 'Maximum')),
      ),
      graph(
        'Rejected by the library',
        circuits.map((circuit) => ofFleet('Rejected', circuit)),
      ),
      graph(
        'Trips',
        circuits.map((circuit) => ofFleet('Trips', circuit)),
      ),
      graph(
        'Recoveries begun by the library, each with a probe',
        circuits.map((circuit) => ofFleet('HalfOpens', circuit)),
      ),
      ...(workflow
        ? [
            graph('Workflow', [
              workflow.metricRejections(),
              workflow.metricProbes(),
              workflow.metricTransitions(),
            ]),
          ]
        : []),
      graph('The table is asked', [
        capacity('ConsumedReadCapacityUnits'),
        capacity('ConsumedWriteCapacityUnits'),
      ]),
    );
  }

  /** What all alarms do, such as telling an SNS topic; also when they are over. */
  addAlarmAction(...actions: IAlarmAction[]): void {
    onChange([...this.open, this.throttled], actions);
  }
}

/** One or more, minute after minute. Without data nothing is known, and the alarm stays as it is. */
const LASTING = {
  threshold: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  treatMissingData: TreatMissingData.IGNORE,
};

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: HALF });
}

/** Told by the health check: 0 closed, 1 open. */
function openness(circuit: string): Metric {
  const dimensionsMap = { circuit };
  return new Metric({
    namespace: NAMESPACE,
    metricName: 'CircuitOpenness',
    dimensionsMap,
    label: circuit,
    statistic: Stats.MAXIMUM,
    period: PERIOD,
  });
}

/** The sum over all services that `emfMetrics` of the library tells of. */
function ofFleet(metricName: string, circuit: string, statistic: 'Sum' | 'Maximum' = 'Sum'): MathExpression {
  const search = `SEARCH('{${NAMESPACE},service,circuit} MetricName="${metricName}" circuit="${circuit}"', '${statistic}', ${PERIOD.toSeconds()})`;
  return new MathExpression({ expression: `SUM(${search})`, label: circuit, period: PERIOD });
}
