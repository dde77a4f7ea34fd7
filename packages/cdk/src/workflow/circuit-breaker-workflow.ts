import { Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, LogGroup, MetricFilter, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { NAMESPACE } from '../lambda/metrics.ts';
import type { CircuitBreakerTable } from '../table/circuit-breaker-table.ts';
import { foreignRegion } from '../table/store-address.ts';
import { type WorkflowDefinitionProps, workflowDefinition } from './definition.ts';

export interface CircuitBreakerWorkflowProps
  extends Pick<WorkflowDefinitionProps, 'policy' | 'retry' | 'ignoredErrors'> {
  /** Where the circuits are. */
  readonly table: CircuitBreakerTable;
  /** Functions that an execution may name as its `targetLambda`; it may invoke no other. More: `allowTarget`. */
  readonly targets?: readonly IFunction[];
  /** Default: one of its own, kept for a month. It is told of each state, never of payloads. */
  readonly logGroup?: ILogGroup;
}

/**
 * A circuit breaker for any program that can start an execution: an express state machine over the table, without a function
 * of its own. Input `{ circuit, targetLambda, payload?, policy? }`; the output is the target's.
 *
 * Fails with `CircuitOpenError` (JSON cause: `circuit`, `state`, `retryAfter` in seconds, `retryAfterMs`, `lastFailure`) where
 * the target was not called, with the target's own error where it failed, with `InvalidInput` where it was started wrongly.
 * Cost: one read per execution; a failed call one write more, a transition two.
 */
export class CircuitBreakerWorkflow extends Construct {
  readonly stateMachine: StateMachine;
  readonly #logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: CircuitBreakerWorkflowProps) {
    super(scope, id);
    const { table, targets = [], policy, retry, ignoredErrors } = props;
    const { tableName } = table.table;
    const region = foreignRegion(table);
    if (region && !Token.isUnresolved(Stack.of(this).region))
      throw new Error(
        `CircuitBreakerWorkflow: the table is in ${region}; Step Functions asks its own region only`,
      );
    const definition = workflowDefinition({
      ...table.layout,
      tableName,
      ...(policy && { policy }),
      ...(retry && { retry }),
      ...(ignoredErrors && { ignoredErrors }),
    });
    const destination =
      props.logGroup ??
      new LogGroup(this, 'Logs', {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      });
    this.#logGroup = destination;
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineType: StateMachineType.EXPRESS,
      definitionBody: DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
      logs: { destination, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
    });
    table.grantRole(this.stateMachine, 'workflow');
    for (const target of targets) this.allowTarget(target);
  }

  /** Lets executions invoke `target`: that very function, version or alias. */
  allowTarget(target: IFunction): void {
    this.stateMachine.addToRolePolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [target.functionArn] }),
    );
  }

  /** Allows to start executions and to wait for their end. */
  grantStart(grantee: IGrantable): Grant {
    return this.stateMachine.grantStartSyncExecution(grantee);
  }

  /** Executions whose target was not called. */
  metricRejections(): Metric {
    return this.#entered('Reject', 'Rejections');
  }

  /** Executions that called their target as a probe. */
  metricProbes(): Metric {
    return this.#entered('Probe', 'Probes');
  }

  /** Transitions that executions tried to commit. */
  metricTransitions(): Metric {
    return this.#entered('Commit', 'Commits');
  }

  /** The log has a line for each state that is entered. A filter is made for who asks, once. */
  #entered(state: keyof typeof ENTERED, metricName: string): Metric {
    const id = `${metricName}Filter`;
    const filter =
      (this.node.tryFindChild(id) as MetricFilter | undefined) ??
      new MetricFilter(this, id, {
        logGroup: this.#logGroup,
        filterPattern: FilterPattern.all(
          FilterPattern.stringValue('$.type', '=', ENTERED[state]),
          FilterPattern.stringValue('$.details.name', '=', state),
        ),
        metricNamespace: `${NAMESPACE}/Workflow`,
        metricName: `${Names.uniqueId(this)}${metricName}`,
        metricValue: '1',
      });
    return filter.metric({ label: metricName, statistic: Stats.SUM });
  }
}

/** What the log calls it that such a state is entered. */
const ENTERED = {
  Reject: 'FailStateEntered',
  Probe: 'TaskStateEntered',
  Commit: 'TaskStateEntered',
} as const;
