import { type Cloud, serves } from '../../core/ipam/cloud.ts';
import type { NicWish } from '../../core/ipam/nic.ts';
import { type Placing, placeAsked } from '../../core/ipam/placing.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import { INTERFACES, type PodAsks, SUBNET } from '../../wire/kube/annotations.ts';
import { RefusalError } from './pool-runner.ts';

/**
 * What a pod asks of the NIC of each of its interfaces, the first one's first: one NICConfig for all or one for each,
 * by name or by subnet. A subnet that none says is nobody's to choose. Throws RefusalError.
 */
export function nicsAsked(
  asks: PodAsks,
  of: { readonly config: AgentConfig; readonly cloud: Cloud | undefined; readonly groups: readonly string[] },
): readonly [NicWish, ...NicWish[]] {
  const { subnets, interfaces, policy, keep } = asks;
  const [first, ...further] = subnets.map((said) => configAsked(said, of.config.cloud.nicConfigs, of.cloud?.placing));
  const count = countOf(interfaces, of.cloud) ?? Math.max(1, subnets.length);
  const refuse = (needs: string) => {
    const value = interfaces === undefined ? String(count) : String(interfaces);
    return new RefusalError({ why: 'annotation', name: INTERFACES, value, needs });
  };
  if (count > 1 && of.cloud === undefined) throw refuse('absent, or 1: this node has no NICs of a cloud');
  if (count > 1 && keep !== undefined) throw refuse('absent, or 1, for a pod that keeps its address');
  if (of.groups.length > 0 && count > 1) throw refuse('absent, or 1, for a pod with security groups of its own');
  if (of.groups.length > 0 && first !== undefined)
    throw refusedSubnet(subnets.join(','), 'absent for a pod with security groups of its own');
  if (further.length > 0 && subnets.length !== count) throw refuse(`as many as ${SUBNET} lists: ${subnets.length}`);
  const policed = policy === undefined ? {} : { policy };
  const nic = (config: string | undefined): NicWish => ({ ...policed, ...(config === undefined ? {} : { config }) });
  return [nic(first), ...Array.from({ length: count - 1 }, (_, i) => nic(further[i] ?? first))];
}

/** `cards`: as many as there are network cards with a NIC for pods. */
function countOf(asked: PodAsks['interfaces'], cloud: Cloud | undefined): number | undefined {
  if (asked !== 'cards') return asked;
  const nics = cloud?.nics.filter((nic) => serves(cloud, nic)) ?? [];
  return Math.max(1, new Set(nics.map(({ report }) => report.card)).size);
}

function configAsked(
  said: string,
  nicConfigs: AgentConfig['cloud']['nicConfigs'],
  placing: Placing | undefined,
): string {
  const refuse = (needs: string) => refusedSubnet(said, needs);
  if (placing === undefined) throw refuse('absent: this node has no NICs of a cloud');
  if (nicConfigs === 'none') throw refuse('absent, for cloud.nicConfigs is none; pods or node allows it');
  const { known } = placing;
  if (known === undefined) throw new RefusalError({ why: 'no-nic-config', config: said, heard: false, ofNode: false });
  const config = placeAsked(placing, said);
  if (config !== undefined) return config;
  const names = known.map(({ name }) => name).slice(0, 8);
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw refuse(`the name of a NICConfig or ENIConfig, or the subnet of one: ${there}`);
}

function refusedSubnet(value: string, needs: string): RefusalError {
  return new RefusalError({ why: 'annotation', name: SUBNET, value, needs });
}
