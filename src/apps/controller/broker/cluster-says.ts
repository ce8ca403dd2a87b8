import type { NicPlace } from '../../../core/ipam/placing.ts';
import { CloudError } from '../../../io/cloud/provider.ts';
import type { Sources } from '../sources.ts';

/** What a NICConfig says; undefined: there is none of that name. */
export type PlaceOf = (config: string) => NicPlace | undefined;

/** What the cluster's objects say of NICs. */
export interface ClusterSays {
  readonly placeOf: PlaceOf;
  /** Whether an object gives pods that security group: no other is given to a NIC on a node's word. */
  readonly gives: (group: string) => boolean;
}

/** Nobody knows it: the node has heard of it earlier, or later, than this replica. */
export function noNicConfig(config: string): CloudError {
  const message = `the controller knows of no NICConfig or ENIConfig named ${config}`;
  return new CloudError('gone', { action: 'CreateNetworkInterface', code: 'NoNicConfig', message });
}

/** The objects as they are when it is asked. What it answers throws CloudError while there may be more of them. */
export function saysIn(
  sources: Pick<Sources, 'nicConfigs' | 'eniConfigs' | 'podSecurityGroups' | 'securityGroupPolicies'>,
): ClusterSays {
  return { placeOf: placesIn(sources), gives: givesIn(sources) };
}

/** By what the cluster's NICConfigs and ENIConfigs say when it is asked. */
function placesIn({ nicConfigs, eniConfigs }: Pick<Sources, 'nicConfigs' | 'eniConfigs'>): PlaceOf {
  const all = [nicConfigs, eniConfigs].map((it) => it.want());
  return (name) => {
    const found = all.map((it) => it.get(name)).find((it) => it !== undefined && it.subnet !== '');
    return found ?? noneOf(all, undefined, 'NICConfigs');
  };
}

/** By the objects that give pods groups, as they are when it is asked. */
function givesIn({
  podSecurityGroups,
  securityGroupPolicies,
}: Pick<Sources, 'podSecurityGroups' | 'securityGroupPolicies'>): ClusterSays['gives'] {
  const all = [podSecurityGroups, securityGroupPolicies].map((it) => it.want());
  return (group) =>
    all.some((it) => [...it.entries()].some(([, { groups }]) => groups.includes(group))) ||
    noneOf(all, false, 'PodSecurityGroups');
}

/** Nothing, once all that there is has been told. Throws CloudError until then: it is asked again. */
function noneOf<T>(told: readonly { readonly synced: boolean }[], none: T, what: string): T {
  if (told.every(({ synced }) => synced)) return none;
  const message = `the API server has not told the controller of ${what} yet`;
  throw new CloudError('busy', { action: 'controller', code: 'NotTold', message });
}
