import { EventBus, EventField, type IEventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CircuitBreakerTable } from '../table/circuit-breaker-table.ts';
import { noticeTemplate, transitionPatterns } from './transition-filter.ts';

export interface CircuitNotificationsProps {
  /** Its stream must have old and new images, as that of a table of its own has. */
  readonly table: CircuitBreakerTable;
  /** Where notices go, with source `switchgear` and type `Circuit State Change`. Default: a bus of its own. */
  readonly eventBus?: IEventBus;
  /** Gets each notice as a line to read. For e-mail, chat, PagerDuty. */
  readonly topic?: ITopic;
}

export const SOURCE = 'switchgear';
export const DETAIL_TYPE = 'Circuit State Change';

/** A notice that is this old is news of another time. */
const MAX_AGE_SECONDS = 3_600;
const MAX_ATTEMPTS = 5;

/**
 * Tells each change of a circuit's state, from the table's stream, without code: also that of a process that died on it. Once
 * per transition; should EventBridge repeat itself, `id` is the same.
 */
export class CircuitNotifications extends Construct {
  readonly eventBus: IEventBus;
  readonly pipe: CfnPipe;
  /** Notices that could not be delivered. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { table, eventBus, topic }: CircuitNotificationsProps) {
    super(scope, id);
    const { tableStreamArn } = table.table;
    if (!tableStreamArn)
      throw new Error('CircuitNotifications: the table has no stream; turn it on, with old and new images');
    this.eventBus =
      eventBus ?? (new EventBus(this, 'Bus', { description: 'Changes of state of circuits' }) as IEventBus);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });

    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('pipes.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
          (action) => `dynamodb:${action}`,
        ),
        resources: [tableStreamArn],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
    );
    table.table.encryptionKey?.grantDecrypt(role);
    this.eventBus.grantPutEventsTo(role);
    this.pipe = new CfnPipe(this, 'Pipe', {
      description: 'Changes of state of circuits, out of the stream of their table',
      roleArn: role.roleArn,
      source: tableStreamArn,
      sourceParameters: {
        dynamoDbStreamParameters: {
          startingPosition: 'LATEST',
          // Notices are few; one that waited for others would come late.
          batchSize: 1,
          maximumRecordAgeInSeconds: MAX_AGE_SECONDS,
          maximumRetryAttempts: MAX_ATTEMPTS,
          deadLetterConfig: { arn: this.deadLetters.queueArn },
        },
        filterCriteria: {
          filters: transitionPatterns(table.layout).map((pattern) => ({ pattern: JSON.stringify(pattern) })),
        },
      },
      target: this.eventBus.eventBusArn,
      targetParameters: {
        eventBridgeEventBusParameters: { source: SOURCE, detailType: DETAIL_TYPE },
        inputTemplate: template(noticeTemplate(table.layout)),
      },
    });
    // Not before it may read.
    this.pipe.node.addDependency(role);

    if (topic)
      new Rule(this, 'Tell', {
        description: 'Tells changes of state of circuits to a topic',
        eventBus: this.eventBus,
        eventPattern: { source: [SOURCE], detailType: [DETAIL_TYPE] },
        targets: [new SnsTopic(topic, { message: RuleTargetInput.fromText(SENTENCE) })],
      });
  }
}

const of = (field: string) => EventField.fromPath(`$.detail.${field}`);
const SENTENCE = `${of('key')} is ${of('to')} (was ${of('from')}): ${of('reason')}, by ${of('by')}, epoch ${of('epoch')} ${of('id')}`;

/** EventBridge quotes the texts that it puts in. */
function template(fields: Readonly<Record<string, string>>): string {
  return `{${Object.entries(fields)
    .map(([name, path]) => `${JSON.stringify(name)}: ${path}`)
    .join(', ')}}`;
}
