import { awsSettings } from '../../io/cloud/aws/aws-settings.ts';
import { lateProvider } from '../../io/cloud/late-provider.ts';
import type { NicProvider } from '../../io/cloud/provider.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import type { Journal } from '../../io/store/journal.ts';
import { realClock } from '../../io/system/clock.ts';
import { realRandom } from '../../io/system/random.ts';
import type { CallBook } from './call-book.ts';
import type { KubeDoors } from './cluster-runner.ts';
import { beaconIn, controllerToken } from './controller-access.ts';

export interface ProviderDoors {
  readonly journal: Journal;
  readonly calls: CallBook;
  readonly kube: KubeDoors | undefined;
}

/**
 * The cloud as the configuration wants it asked, or undefined where there is none. Its code is loaded only where it is
 * needed: the SDK where the node asks by itself. It need not answer for the agent to start.
 */
export function openProvider(config: AgentConfig, { journal, calls, kube }: ProviderDoors): NicProvider | undefined {
  const { provider, cloud, aws, kubernetes } = config;
  if (provider === 'podcidr') return undefined;
  const settings = awsSettings(aws);
  const doors = { clock: realClock, random: realRandom, onCall: calls.note };
  return lateProvider(async () => {
    const known = journal.memory().nics;
    if (cloud.access === 'node') {
      const { openAws } = await import('../../io/cloud/aws/provider.ts');
      return openAws({ settings, known, ...doors });
    }
    if (kube === undefined) throw new TypeError('the controller of no cluster'); // the configuration was judged
    const { Metadata } = await import('../../io/cloud/aws/metadata.ts');
    const { InstanceMetadata } = await import('../../io/cloud/aws/near.ts');
    const { RemoteProvider } = await import('../../io/cloud/remote/provider.ts');
    const { metadata: endpoint, timeoutMs } = settings;
    const near = new InstanceMetadata(new Metadata({ endpoint, timeoutMs, clock: realClock }));
    const beacon = beaconIn(kube.client, kubernetes.namespace);
    return new RemoteProvider({ beacon, token: () => controllerToken(), near, known, ...doors });
  });
}
