import { type Cloud, nicsOf } from '../cloud/cloud.ts';
import type { Nic } from '../cloud/nouns.ts';
import { freeIn } from '../cloud/space.ts';
import { branchesOf } from '../cloud/trunks.ts';
import type { Emulator } from './emulator.ts';

/** What there is, for a person: names beside ids, and no more than fits a screen. */
export interface Summary {
  readonly vpcs: readonly { readonly id: string; readonly name: string; readonly ranges: readonly string[] }[];
  readonly subnets: readonly {
    readonly id: string;
    readonly name: string;
    readonly vpc: string;
    readonly zone: string;
    readonly range: string;
    readonly free: number;
  }[];
  readonly instances: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly zone: string;
    readonly state: string;
    readonly nics: readonly NicSummary[];
  }[];
  readonly loose: readonly NicSummary[]; // NICs of nobody, and carried by none
  readonly faults: readonly string[];
}

interface NicSummary {
  readonly id: string;
  readonly state: string;
  readonly device?: number;
  readonly card?: number;
  readonly vlan?: number; // of a branch NIC, on the trunk before it
  readonly subnet: string;
  readonly addresses: readonly string[]; // of both families, and prefixes; the primary first
  readonly publicAddress?: string;
}

/** The whole cloud in short. */
export function summaryOf(cloud: Cloud): Summary {
  const { vpcs, subnets, instances, nics, spaces, troubles } = cloud;
  return {
    vpcs: [...vpcs.values()].map(({ id, ranges, tags }) => ({ id, name: nameOf(tags), ranges })),
    subnets: [...subnets.values()].map(({ id, vpc, zone, v4, tags }) => {
      const space = spaces.get(id);
      return { id, name: nameOf(tags), vpc, zone, range: v4, free: space === undefined ? 0 : freeIn(space) };
    }),
    instances: [...instances.values()].map(({ id, type, zone, state, tags }) => ({
      id,
      name: nameOf(tags),
      type,
      zone,
      state,
      nics: nicsOf(cloud, id)
        .flatMap((nic) => [nic, ...branchesOf(cloud, nic)])
        .map(nicSummary),
    })),
    loose: [...nics.values()]
      .filter(({ attachment: at, trunking }) => at === undefined && trunking === undefined)
      .map(nicSummary),
    faults: troubles.map(({ name, what }) => `${name}: ${what.kind}`),
  };
}

function nicSummary({ id, state, attachment, trunking, subnet, publicAddress, ...held }: Nic): NicSummary {
  const { addresses, prefixes, addresses6, prefixes6 } = held;
  return {
    id,
    state,
    ...(attachment === undefined ? {} : { device: attachment.device, card: attachment.card }),
    ...(trunking !== undefined && 'vlan' in trunking.by ? { vlan: trunking.by.vlan } : {}),
    subnet,
    addresses: [...addresses, ...prefixes, ...addresses6, ...prefixes6],
    ...(publicAddress === undefined ? {} : { publicAddress }),
  };
}

function nameOf(tags: Readonly<Record<string, string>>): string {
  return tags['Name'] ?? '';
}

/** An instance as a place where processes run. `enter`: a command that runs what stands behind it in there. */
export interface MachineSummary {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly netns?: string;
  readonly enter?: readonly string[];
}

/** The instances, and how to run something in them; last, the internet's host. */
export function machinesOf({ world, fabric }: Emulator): readonly MachineSummary[] {
  const place = (id: Parameters<NonNullable<typeof fabric>['machine']>[0]) => {
    const machine = fabric?.machine(id);
    if (machine === undefined) return {};
    return { pid: machine.pid, netns: `/proc/${machine.pid}/ns/net`, enter: machine.entering([]) };
  };
  const all = [...world.cloud.instances.values()].map(({ id, tags, state }) => ({
    id,
    name: nameOf(tags),
    state,
    ...place(id),
  }));
  if (fabric === undefined) return all;
  return [...all, { id: 'internet', name: 'internet', state: 'running', ...place('internet') }];
}
