import { fileURLToPath } from 'node:url';
import {
  AlarmTrip,
  BUNDLING,
  CircuitBreakerTable,
  CircuitBreakerWorkflow,
  CircuitDashboard,
  CircuitNotifications,
  ControlApi,
  HealthCheck,
  protect,
} from '@switchgear/cdk';
import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

const POLICY = { failureThreshold: 5, resetTimeout: 30_000, healthCheckGrace: 60_000 };

/** The chain, and everything around its circuit. */
export class OrderPaymentLedgerStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const circuits = new CircuitBreakerTable(this, 'Circuits', { removalPolicy: RemovalPolicy.DESTROY });
    const ledger = this.#function('ledger');
    const payment = this.#function('payment', { LEDGER: ledger.functionName });
    const order = this.#function('order', { LEDGER: ledger.functionName, PAYMENT: payment.functionName });

    // With the library: one line.
    protect(payment, circuits, {
      circuits: ['ledger'],
      options: { FAILURE_THRESHOLD: '5', RESET_TIMEOUT: '30s', HEALTH_CHECK_GRACE: '60s' },
    });
    // Without it: the same circuit.
    const workflow = new CircuitBreakerWorkflow(this, 'Breaker', {
      table: circuits,
      targets: [ledger],
      policy: { ...POLICY, timeout: 5_000 },
    });
    order.addEnvironment('WORKFLOW', workflow.stateMachine.stateMachineArn);
    workflow.grantStart(order);
    ledger.grantInvoke(payment);
    payment.grantInvoke(order);

    const topic = new Topic(this, 'Notices', { enforceSSL: true });
    const health = new HealthCheck(this, 'LedgerHealth', {
      table: circuits,
      circuit: 'ledger',
      check: { url: 'https://ledger.example/health' },
      environment: { SWITCHGEAR_HEALTH_CHECK_GRACE: '60s', SWITCHGEAR_RESET_TIMEOUT: '30s' },
    });
    health.addAlarmAction(new SnsAction(topic));
    new AlarmTrip(this, 'LedgerErrors', {
      table: circuits,
      circuit: 'ledger',
      alarms: [
        ledger.metricErrors({ period: Duration.minutes(1) }).createAlarm(this, 'LedgerErrorsAlarm', {
          threshold: 20,
          evaluationPeriods: 2,
        }),
      ],
    });
    new CircuitNotifications(this, 'Notifications', { table: circuits, topic });
    new ControlApi(this, 'Operate', { table: circuits, role: 'operator' });
    const dashboard = new CircuitDashboard(this, 'Dashboard', {
      table: circuits,
      circuits: ['ledger'],
      workflow,
    });
    dashboard.addAlarmAction(new SnsAction(topic));
  }

  #function(name: string, environment: Record<string, string> = {}): NodejsFunction {
    return new NodejsFunction(this, name, {
      // The source, compiled or not: esbuild bundles either.
      entry: fileURLToPath(new URL(`../src/functions/${name}.ts`, import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.seconds(10),
      environment,
      logGroup: new LogGroup(this, `${name}Logs`, {
        retention: RetentionDays.ONE_WEEK,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      bundling: BUNDLING,
    });
  }
}
