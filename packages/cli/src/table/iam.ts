/** The least that IAM must allow. docs/protocol.md has the items. */

import type { Layout } from './layout.ts';

/** `use`: a process that guards calls. `read`: who only looks. `operate`: who overrides, resets and sets policies. */
export const ROLES = ['use', 'read', 'operate'] as const;
export type Role = (typeof ROLES)[number];

/** @param tableArn may hold what the template's language fills in. */
export function iamPolicy(role: Role, layout: Layout, tableArn: string) {
  const { keyPrefix, sortKey } = layout;
  // Without a sort key the past lies in items that are got one by one, in partitions of their own.
  const query = sortKey === null ? [] : ['dynamodb:Query'];
  const writes = role === 'read' ? [] : ['dynamodb:UpdateItem'];
  const past = sortKey === null ? [`HISTORY#${keyPrefix}*`] : [];
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Circuits',
        Effect: 'Allow',
        Action: ['dynamodb:BatchGetItem', ...writes, ...query],
        Resource: tableArn,
        Condition: {
          'ForAllValues:StringLike': {
            'dynamodb:LeadingKeys': [`${keyPrefix}*`, ...past, `DIRECTORY#${keyPrefix}`],
          },
        },
      },
      // `doctor` and `check` look whether records that nobody uses go away.
      { Sid: 'Check', Effect: 'Allow', Action: ['dynamodb:DescribeTimeToLive'], Resource: tableArn },
    ],
  };
}
