import { type Placing, placeAsked } from '../../core/ipam/placing.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import { type PodAsks, SUBNET } from '../../wire/kube/annotations.ts';
import { RefusalError } from './pool-runner.ts';

/**
 * The NICConfig by which the pod's NIC shall stand; absent: the node's own, or none. A pod names it, or its subnet:
 * a subnet that none says is nobody's to choose. Throws RefusalError.
 */
export function nicConfigAsked(
  { subnet }: PodAsks,
  of: { readonly config: AgentConfig; readonly placing: Placing | undefined },
): { readonly config?: string } {
  if (subnet === undefined) return {};
  const { nicConfigs } = of.config.cloud;
  const refuse = (needs: string) => new RefusalError({ why: 'annotation', name: SUBNET, value: subnet, needs });
  if (of.placing === undefined) throw refuse('absent: this node has no NICs of a cloud');
  if (nicConfigs === 'none') throw refuse('absent, for cloud.nicConfigs is none; pods or node allows it');
  const { known } = of.placing;
  if (known === undefined)
    throw new RefusalError({ why: 'no-nic-config', config: subnet, heard: false, ofNode: false });
  const config = placeAsked(of.placing, subnet);
  if (config !== undefined) return { config };
  const names = known.map(({ name }) => name).slice(0, 8);
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw refuse(`the name of a NICConfig or ENIConfig, or the subnet of one: ${there}`);
}
