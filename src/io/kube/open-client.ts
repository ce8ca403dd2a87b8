import type { Clock } from '../../base/clock.ts';
import { inClusterAccess, kubeconfigAccess } from './access.ts';
import type { KubeClient } from './client.ts';
import { countedClient, type KubeMeter } from './counted-client.ts';
import { httpClient } from './http-client.ts';

/** How the API server is asked, as configurations say it. */
export interface KubeSettings {
  readonly access: 'in-cluster' | 'kubeconfig';
  readonly kubeconfig: string; //           path
  readonly server: string | undefined; //   in-cluster only
}

/** A client whose calls are counted. Nobody is asked yet. */
export function openClient(
  { access, kubeconfig: path, server }: KubeSettings,
  { clock, meter }: { readonly clock: Clock; readonly meter: KubeMeter },
): KubeClient {
  const source =
    access === 'kubeconfig'
      ? kubeconfigAccess({ path, clock })
      : inClusterAccess({ environment: process.env, server, clock });
  return countedClient(httpClient(source), meter);
}
