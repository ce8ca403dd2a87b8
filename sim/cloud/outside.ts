import { type Address, contains, type Prefix } from '../../src/base/ip.ts';
import { TAG_INSTANCE } from '../../src/io/cloud/aws/settings.ts';
import type { Cloud } from '../../emulator/cloud/cloud.ts';
import type { Id, Nic } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import type { Cluster } from './cluster.ts';

/** What others did to the cloud behind the agents' backs. */
export interface Meddling {
  readonly taken: Set<Address | Prefix>; // pods' or not
  readonly added: Set<Address | Prefix>; // to our NICs
  readonly theirs: Set<Id>; //    NICs that they made
  readonly detached: Set<Id>; //  NICs of ours
}

export function noMeddling(from?: Meddling): Meddling {
  const { taken, added, theirs, detached } = from ?? {};
  return { taken: new Set(taken), added: new Set(added), theirs: new Set(theirs), detached: new Set(detached) };
}

/** Whether others took an address, or may have: until the agent can know of that, it may give it. */
export function isTaken({ taken }: Meddling, address: Address): boolean {
  return taken.has(address) || [...taken].some((it) => it.includes('/') && contains(it as Prefix, address));
}

type Deed = (of: { cluster: Cluster; meddling: Meddling; lot: number }) => Request | undefined;

const DEEDS: readonly Deed[] = [takeAddress, detachNic, addAddress, makeNic, makeNic];

/** One thing that others do, by lot. */
export function meddle(cluster: Cluster, meddling: Meddling): void {
  const { random } = cluster;
  const deed = DEEDS[Math.floor(random.fraction() * DEEDS.length)] ?? makeNic;
  const request = deed({ cluster, meddling, lot: random.fraction() });
  if (request === undefined) return;
  cluster.nodes[0]?.run.tell(() => `others ${JSON.stringify(request).replaceAll(/["{}]/g, '')}`);
  const answer = cluster.region.tryOutside(request);
  if (answer?.is === 'assigned') for (const it of answer.addresses) meddling.added.add(it);
  if (answer?.is === 'made' && answer.view.kind === 'nic') meddling.theirs.add(answer.view.nic.id);
}

/** An address or prefix of one of our NICs. */
function takeAddress({ cluster, meddling, lot }: Parameters<Deed>[0]): Request | undefined {
  const nic = one(ours(cluster.region.cloud), lot);
  const [address] = nic?.addresses.slice(1) ?? [];
  const [prefix] = nic?.prefixes ?? [];
  if (nic === undefined || (address === undefined && prefix === undefined)) return undefined;
  mark(cluster, meddling, nic);
  if (address !== undefined) return { do: 'unassign', nic: nic.id, addresses: [address] };
  return { do: 'unassign', nic: nic.id, prefixes: nic.prefixes };
}

function detachNic({ cluster, meddling, lot }: Parameters<Deed>[0]): Request | undefined {
  const secondary = ours(cluster.region.cloud).filter(({ attachment }) => attachment?.device !== 0);
  const nic = one(secondary, lot);
  if (nic === undefined) return undefined;
  mark(cluster, meddling, nic);
  meddling.detached.add(nic.id);
  return { do: 'detach-nic', of: { nic: nic.id }, force: lot < 0.5 };
}

function addAddress({ cluster, lot }: Parameters<Deed>[0]): Request | undefined {
  const nic = one(ours(cluster.region.cloud), lot);
  return nic && { do: 'assign', nic: nic.id, addresses: { count: 1 } };
}

/** Another's NIC, with some addresses of the subnet, and sometimes marks that look like ours. */
function makeNic({ cluster, lot }: Parameters<Deed>[0]): Request | undefined {
  const subnet = cluster.region.cloud.subnets.first()?.[0];
  if (subnet === undefined) return undefined;
  const tags = lot < 0.5 ? { Name: 'theirs' } : { [TAG_INSTANCE]: 'i-0theirs', 'berth.dev/cluster': 'another' };
  return { do: 'create-nic', subnet, addresses: { count: Math.floor(lot * 4) }, tags };
}

/** Whatever the NIC holds may be what is taken: until the agent can know, it may give it. */
function mark({ nodes }: Cluster, meddling: Meddling, nic: Nic): void {
  for (const it of [...nic.addresses.slice(1), ...nic.prefixes]) meddling.taken.add(it);
  for (const { run } of nodes)
    for (const sandbox of run.parts.runtime.live())
      if (sandbox.told?.addresses.some((it) => isTaken(meddling, it)))
        run.parts.runtime.change(sandbox, { meddled: true });
}

function ours(cloud: Cloud): readonly Nic[] {
  return [...cloud.nics.values()].filter(({ state }) => state === 'in-use');
}

function one<T>(from: readonly T[], lot: number): T | undefined {
  return from[Math.floor(((lot * 7) % 1) * from.length)];
}
