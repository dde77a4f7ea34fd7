import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable } from 'switchgear/dynamodb';
import { inject, test } from 'vitest';
import { DYNAMODB } from '../../src/index.ts';
import { agrees, real } from '../reality/reality.ts';

test('20 real processes on DynamoDB Local do what the simulator says, within its stated margins', async () => {
  const tableName = `reality-${crypto.randomUUID()}`;
  const endpoint = inject('dynamodbEndpoint');
  const client = new DynamoDBClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await createTable(client, { tableName });
  client.destroy();
  await agrees(await real({ kind: 'dynamodb', tableName, region: 'eu-central-1', endpoint }), DYNAMODB);
});
