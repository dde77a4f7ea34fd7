/** Address of a DynamoDB Local of its own. */
export function startDynamoDBLocal(): Promise<{ endpoint: string; stop(): Promise<void> }>;

export function installDynamoDBLocal(): Promise<string>;

export function startRedis(options?: {
  port?: number;
  config?: string;
  args?: readonly string[];
  clockFile?: string;
  program?: string;
}): Promise<{ port: number; stop(signal?: NodeJS.Signals): Promise<void> }>;

export function installRedis(): Promise<string>;

export function installValkey(): Promise<string | undefined>;

export function installClients(): Promise<void>;

export function installChromium(): Promise<string>;
