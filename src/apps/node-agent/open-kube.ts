import type { AgentConfig } from '../../io/config/agent-config.ts';
import { realClock } from '../../io/system/clock.ts';
import { realRandom } from '../../io/system/random.ts';
import type { KubeMeter } from '../../io/kube/counted-client.ts';
import type { KubeDoors } from './cluster-runner.ts';

/** The way to the API server, loaded where the node is of a cluster. Nobody is asked yet. */
export async function openKube({ kubernetes }: AgentConfig, meter: KubeMeter): Promise<KubeDoors | undefined> {
  const { access, kubeconfig: path, server } = kubernetes;
  if (access === 'none') return undefined;
  const { inClusterAccess, kubeconfigAccess } = await import('../../io/kube/access.ts');
  const { countedClient } = await import('../../io/kube/counted-client.ts');
  const { httpClient } = await import('../../io/kube/http-client.ts');
  const clock = realClock;
  const source =
    access === 'kubeconfig'
      ? kubeconfigAccess({ path, clock })
      : inClusterAccess({ environment: process.env, server, clock });
  return { client: countedClient(httpClient(source), meter), random: realRandom };
}
