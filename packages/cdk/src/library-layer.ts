import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('switchgear/package.json'));
/** Where Lambda's runtime looks for modules, below `/opt`. */
const PLACE = 'nodejs/node_modules/switchgear';

/**
 * The library as a layer, for functions that are deployed without it: `fn.addLayers(layer)`, and `externalModules` of the bundling with
 * `switchgear` in it. For ES modules; `require` finds it there too, but Lambda lets it load ES modules on Node 20 and 22 only where
 * it is told to.
 *
 * Without types and source maps. The clients of AWS come with the runtime.
 */
export class CircuitBreakerLayer extends LayerVersion {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: 'switchgear: circuit breakers that a fleet shares',
      compatibleRuntimes: [Runtime.NODEJS_20_X, Runtime.NODEJS_22_X, Runtime.NODEJS_24_X],
      code: Code.fromAsset(PACKAGE, {
        // Of what is in it: the same library makes no new version of the layer.
        assetHashType: AssetHashType.OUTPUT,
        bundling: { image: DockerImage.fromRegistry('none'), local: { tryBundle: copied } },
      }),
    });
  }
}

function copied(folder: string): true {
  const filter = (file: string) => !/\.(ts|map|tsbuildinfo)$/.test(file);
  for (const part of ['package.json', 'LICENSE', 'dist'])
    cpSync(join(PACKAGE, part), join(folder, PLACE, part), { recursive: true, filter });
  return true;
}
