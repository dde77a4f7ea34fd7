import type { SdkOptions, SdkTransport } from './sdk-transport.ts';
import type { DynamoDBTransport } from './transport.ts';

/** The AWS SDK, imported with the first call. */
export function lazySdk(options: SdkOptions): DynamoDBTransport {
  let loading: Promise<SdkTransport> | undefined;
  const load = () => {
    loading ??= import('./sdk-transport.ts').then(({ SdkTransport }) => new SdkTransport(options));
    return loading;
  };
  return {
    send: async (operation, input, sending) => (await load()).send(operation, input, sending),
    region: async () => (await load()).region(),
    close: () =>
      void loading?.then(
        (sdk) => sdk.close(),
        () => {},
      ),
  };
}
