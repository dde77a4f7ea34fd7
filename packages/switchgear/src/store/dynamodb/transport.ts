/** The seam between the store and whatever speaks to DynamoDB: the AWS SDK by default, a leaner signed client if you bring one. */

export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly SS: readonly string[] }
  | { readonly M: Item };

export type Item = { readonly [attribute: string]: AttributeValue };

interface Expressions {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
}

export interface UpdateItemInput extends Expressions {
  readonly TableName: string;
  readonly Key: Item;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ReturnValues?: 'ALL_NEW';
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD';
}

type KeysByTable = Readonly<
  Record<string, { readonly Keys: readonly Item[]; readonly ConsistentRead?: boolean }>
>;

export interface QueryInput extends Expressions {
  readonly TableName: string;
  readonly KeyConditionExpression: string;
  readonly ConsistentRead: boolean;
  readonly ScanIndexForward: boolean;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
}

/** The operations of DynamoDB's API that the store needs, in the shapes of its JSON protocol. */
export interface Operations {
  UpdateItem: { input: UpdateItemInput; output: { readonly Attributes?: Item } };
  BatchGetItem: {
    input: { readonly RequestItems: KeysByTable };
    output: {
      readonly Responses?: Readonly<Record<string, readonly Item[]>>;
      readonly UnprocessedKeys?: KeysByTable;
    };
  };
  Query: {
    input: QueryInput;
    output: { readonly Items?: readonly Item[]; readonly LastEvaluatedKey?: Item };
  };
  /** For `check` alone, which says so where a transport rejects it. */
  DescribeTimeToLive: {
    input: { readonly TableName: string };
    output: {
      readonly TimeToLiveDescription?: {
        readonly TimeToLiveStatus?: string | undefined;
        readonly AttributeName?: string | undefined;
      };
    };
  };
}

export type Operation = keyof Operations;

export interface Answer<O extends Operation> {
  readonly output: Operations[O]['output'];
  /** The answer's `Date` header, milliseconds since 1970: how the store learns the time. */
  readonly dateMs?: number | undefined;
}

/** What `send` rejects with where the service has answered. Anything without a status counts as a failure of the network. */
export interface ServiceFailure {
  /** The service's code, such as `ConditionalCheckFailedException`. */
  readonly name: string;
  readonly message: string;
  /** The item that refused a condition. */
  readonly Item?: Item;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export interface DynamoDBTransport {
  /**
   * Sends one request. An `UpdateItem` goes out at most once: an ADD that is sent twice counts twice.
   * @param sending To be called as each attempt goes out: the store's time is known the better, the less lies between
   * that and the answer. A transport that sends at once need not.
   */
  send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    sending: () => void,
  ): Promise<Answer<O>>;
  /** Region that requests go to, for messages. */
  region?(): Promise<string>;
  /** Gives back its connections. */
  close?(): void;
}
