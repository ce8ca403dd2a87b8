import type { AgentConfig } from '../../io/config/agent-config.ts';
import { realClock } from '../../io/system/clock.ts';
import { realRandom } from '../../io/system/random.ts';
import type { KubeMeter } from '../../io/kube/counted-client.ts';
import type { KubeDoors } from './cluster-runner.ts';

/** The way to the API server, loaded where the node is of a cluster. Nobody is asked yet. */
export async function openKube({ kubernetes }: AgentConfig, meter: KubeMeter): Promise<KubeDoors | undefined> {
  const { access, ...settings } = kubernetes;
  if (access === 'none') return undefined;
  const { openClient } = await import('../../io/kube/open-client.ts');
  return { client: openClient({ ...settings, access }, { clock: realClock, meter }), random: realRandom };
}
