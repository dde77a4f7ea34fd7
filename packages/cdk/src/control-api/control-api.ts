import { Duration } from 'aws-cdk-lib';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { type FunctionUrl, FunctionUrlAuthType, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { libraryFunction, ownHandler } from '../library-function.ts';
import type { CircuitBreakerTable } from '../table/circuit-breaker-table.ts';

export interface ControlApiProps {
  readonly table: CircuitBreakerTable;
  /** `operator`: may override, store settings and clear. `viewer`: looks. Default `viewer`. */
  readonly role?: 'operator' | 'viewer';
  /**
   * Circuits that it may touch, by the function's own rights; it cannot list then. For the dependency that says itself that it is
   * well again. Default: all.
   */
  readonly circuits?: readonly string[];
}

/**
 * The control API of `@switchgear/cli` as a function URL for callers whom IAM knows: circuits, history, overrides, and the
 * callee's own `POST /v1/circuits/{name}/recovered`. For two roles, two of these.
 */
export class ControlApi extends Construct {
  readonly handler: IFunction;
  readonly url: FunctionUrl;

  constructor(scope: Construct, id: string, { table, role = 'viewer', circuits }: ControlApiProps) {
    super(scope, id);
    this.handler = libraryFunction(this, 'Handler', {
      entry: ownHandler('control-api'),
      table,
      description: `Circuits over HTTP, for ${role}s`,
      timeout: Duration.seconds(15),
      environment: { ROLE: role },
    });
    table.grantRole(this.handler, role === 'operator' ? 'operate' : 'read', circuits ? { circuits } : {});
    this.url = this.handler.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  }

  /** Allows to send requests, signed. */
  grantInvoke(grantee: IGrantable): Grant {
    return this.url.grantInvokeUrl(grantee);
  }
}
