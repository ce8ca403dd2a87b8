import type { Millis } from '../../src/base/clock.ts';
import { type Cloud, nicsOf } from './cloud.ts';
import { lookOf, seenNicsOf } from './describe.ts';
import type { Id, Instance, Nic, Subnet, Vpc } from './nouns.ts';
import { hasLapsed } from './strike.ts';
import { nicView } from './view.ts';

/** What an instance's metadata service tells it: late, but never late about the primary NIC of a fresh instance. */
export interface Metadata {
  readonly instance: Instance;
  readonly nics: readonly MetadataNic[]; // the primary first
  readonly lapsed: boolean; //              the credentials of its role have ended, and there are no others
}

export interface MetadataNic {
  readonly nic: Nic;
  readonly subnet: Subnet;
  readonly vpc: Vpc;
  readonly groups: readonly { readonly id: Id; readonly name: string }[];
}

/** The metadata of an instance that runs. What is on its way into it is not told. Undefined: nobody answers. */
export function metadataOf(cloud: Cloud, id: Id, now: Millis): Metadata | undefined {
  const instance = cloud.instances.get(id);
  if (instance?.state !== 'running' && instance?.state !== 'shutting-down') return undefined;
  const look = lookOf(cloud, { viewer: 'metadata', now, instance: id });
  const seen = seenNicsOf(cloud, id, look).filter(({ state }) => state === 'in-use' || state === 'detaching');
  const primary = nicsOf(cloud, id).filter((nic) => isPrimary(nic) && !seen.some(isPrimary));
  const all = [...primary, ...seen];
  return { instance, nics: all.flatMap((nic) => withNet(cloud, nic)), lapsed: hasLapsed(cloud, id) };
}

function isPrimary({ attachment }: Nic): boolean {
  return attachment?.device === 0 && attachment.card === 0;
}

function withNet(cloud: Cloud, nic: Nic): readonly MetadataNic[] {
  const [subnet, vpc] = [cloud.subnets.get(nic.subnet), cloud.vpcs.get(nic.vpc)];
  if (subnet === undefined || vpc === undefined) return [];
  return [{ nic, subnet, vpc, groups: nicView(cloud, nic).groups }];
}
