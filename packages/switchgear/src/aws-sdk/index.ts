/** `switchgear/aws-sdk`: a plugin for `client.middlewareStack.use`. */

export { switchgearPlugin } from './switchgear-plugin.ts';
