import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  SingleValueWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { NAMESPACE } from './lambda/metrics.ts';
import type { CircuitBreakerTable } from './table/circuit-breaker-table.ts';
import type { CircuitBreakerWorkflow } from './workflow/circuit-breaker-workflow.ts';

export interface CircuitDashboardProps {
  readonly table: CircuitBreakerTable;
  /** Names of the circuits that are shown. */
  readonly circuits: readonly string[];
  readonly workflow?: CircuitBreakerWorkflow;
}

const PERIOD = Duration.minutes(1);
const HALF = 12;

/** Circuits in CloudWatch: how open they are, what was rejected, how recovery goes, what the table is asked. */
export class CircuitDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { table, circuits, workflow }: CircuitDashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard');
    const { tableName } = table.table;
    const capacity = (metricName: string) =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: tableName },
        statistic: Stats.SUM,
        period: PERIOD,
      });
    this.dashboard.addWidgets(
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
}

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
