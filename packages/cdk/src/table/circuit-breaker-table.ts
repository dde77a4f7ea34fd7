import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  type ITable,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { checkedCircuits } from './circuit-names.ts';
import { itemRights, onKeys, type Role } from './grants.ts';
import { type CircuitLayout, type ResolvedLayout, resolveLayout } from './layout.ts';

export interface CircuitBreakerTableProps extends CircuitLayout {
  /** A table that is there already: circuits lie beside what it holds. Default: a table of its own. */
  readonly table?: ITable;
  /** What becomes of the own table with its stack. Default: it stays. */
  readonly removalPolicy?: RemovalPolicy;
}

/** To which circuits a grant is limited. Default: all that the table holds. */
export interface GrantOptions {
  readonly circuits?: readonly string[];
}

/**
 * The table in which a fleet keeps its circuits: on demand, encrypted, with TTL, point-in-time recovery and a stream.
 *
 * An existing table gets nothing but rights to it. It needs TTL on `ttlAttribute` (else records of circuits that nobody uses
 * stay), and for `CircuitNotifications` a stream of new images.
 */
export class CircuitBreakerTable extends Construct {
  readonly table: ITable;
  readonly layout: ResolvedLayout;

  constructor(scope: Construct, id: string, props: CircuitBreakerTableProps = {}) {
    super(scope, id);
    const { table, removalPolicy = RemovalPolicy.RETAIN, ...layout } = props;
    this.layout = resolveLayout(layout);
    const { partitionKey, sortKey, ttlAttribute } = this.layout;
    this.table =
      table ??
      (new TableV2(this, 'Table', {
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        ...(sortKey !== null && { sortKey: { name: sortKey, type: AttributeType.STRING } }),
        billing: Billing.onDemand(),
        timeToLiveAttribute: ttlAttribute,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        encryption: TableEncryptionV2.dynamoOwnedKey(),
        dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
        removalPolicy,
      }) as ITable);
  }

  /** Allows what a process does that calls through circuits: to read them, report, trip, probe and close. */
  grantUse(grantee: IGrantable, options: GrantOptions = {}): Grant {
    return this.grantRole(grantee, 'use', options);
  }

  /** Allows to look at circuits, their history and their list, and at nothing else in the table. */
  grantRead(grantee: IGrantable, options: GrantOptions = {}): Grant {
    return this.grantRole(grantee, 'read', options);
  }

  /** Allows what operators do beside looking: to override, to store settings, to clear; and `check` of the set-up. */
  grantOperate(grantee: IGrantable, options: GrantOptions = {}): Grant {
    const actions = ['dynamodb:DescribeTimeToLive'];
    const check = Grant.addToPrincipal({
      grantee,
      actions,
      resourceArns: [this.table.tableArn],
    });
    return this.grantRole(grantee, 'operate', options).combine(check);
  }

  /** @internal Allows what one of this package's own parts does. */
  grantRole(grantee: IGrantable, role: Role, { circuits }: GrantOptions = {}): Grant {
    const { tableArn, encryptionKey } = this.table;
    const grants = itemRights(role, this.layout, circuits && checkedCircuits(circuits)).map((right) =>
      Grant.addToPrincipal({
        grantee,
        actions: [...right.actions],
        resourceArns: [tableArn],
        conditions: onKeys(right),
      }),
    );
    if (encryptionKey)
      grants.push(
        role === 'read' ? encryptionKey.grantDecrypt(grantee) : encryptionKey.grantEncryptDecrypt(grantee),
      );
    return grants.reduce((all, grant) => all.combine(grant));
  }
}
