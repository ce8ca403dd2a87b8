import { join } from 'node:path';
import { cacheFolder } from './go-install.ts';

export const HELM_VERSION = 'v3.20.2';

/** Where Helm is once it is built. */
export function helmFolder(): string {
  return join(cacheFolder(), `helm-${HELM_VERSION}`);
}
