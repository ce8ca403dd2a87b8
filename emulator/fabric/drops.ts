import { contains, hostPrefix, lengthOf, type Address, type Family } from '../../src/base/ip.ts';
import { messageOf } from '../../src/wire/nftables/batch.ts';
import { putElements, takeElements, type ElementMessage } from '../../src/wire/nftables/element.ts';
import { decodeFields } from '../../src/wire/nftables/field-type.ts';
import type { NftChannel } from '../../src/io/kernel/nft-channel.ts';
import type { Id, Nic } from '../cloud/nouns.ts';
import { REASONS, toldSet, type Reason } from './reason.ts';
import { operation, TABLE } from './rule-book.ts';
import { toldKey } from './rule-steps.ts';
import { type CloudView, tableOfSubnet } from './view.ts';

/** Packets of one kind that a VPC dropped. */
export interface Drop {
  readonly reason: Reason;
  readonly link: string; //     the fabric's end of the link they came by
  readonly from: Address;
  readonly to: Address;
  readonly protocol: string; // "tcp", "icmp", or a number
  readonly port: number; //     of the destination; 0 where there are none
  readonly packets: bigint;
}

/** All that the rules remember, in the order of the reasons. Throws KernelError. */
export function readDrops(nft: NftChannel): readonly Drop[] {
  return told().flatMap(({ reason, family, set }) => {
    const question = messageOf(operation('getElement', (writer) => putElements(writer, { table: TABLE, set })));
    return nft
      .dump(question, `what ${set} remembers`)
      .flatMap((message) => takeElements(message.body).elements ?? [])
      .map((element) => dropOf(reason, family, element));
  });
}

/** From now on only what is dropped later is told. Throws KernelError. */
export function forgetDrops(nft: NftChannel): void {
  const flush = told().map(({ set }) =>
    operation('delElement', (writer) => putElements(writer, { table: TABLE, set })),
  );
  nft.transact(flush, () => 'forget drops');
}

function told() {
  return REASONS.flatMap((reason) =>
    (['v4', 'v6'] as const).map((family) => ({ reason, family, set: toldSet(reason, family) })),
  );
}

function dropOf(reason: Reason, family: Family, { key, counted }: ElementMessage): Drop {
  const fields = decodeFields(toldKey(family), key?.value ?? new Uint8Array());
  const [link = '', from = '', to = '', protocol = '', port = ''] = fields;
  const packets = counted?.data?.packets ?? 0n;
  return { reason, link, from: from as Address, to: to as Address, protocol, port: Number(port), packets };
}

/** What a drop means, in a sentence. `nicOf` knows also NICs that are gone by now. */
export function sentence(drop: Drop, view: CloudView, nicOf: (link: string) => Id | undefined): string {
  const nic = nicOf(drop.link) ?? (drop.link as Id);
  const { from, to } = drop;
  switch (drop.reason) {
    case 'source':
      return `${from} sent from ${nic} which does not hold it${whoHolds(view, from)}`;
    case 'egress':
      return `no rule of ${groupsOf(view, nic)} lets ${nic} send ${what(drop)} to ${to}`;
    case 'ingress': {
      const receiver = holderOf(view, to);
      const groups = receiver === undefined ? 'its groups' : groupsOf(view, receiver.id);
      return `no rule of ${groups} lets ${what(drop)} from ${from} in to ${to} of ${receiver?.id ?? 'nobody now'}`;
    }
    case 'unheld':
      return `${to} is held by no NIC that is attached: ${what(drop)} from ${from} of ${nic}`;
    case 'no-route':
      return `${wayText(view, nic, to)}: ${what(drop)} from ${from} of ${nic}`;
    case 'no-public':
      return `${from} of ${nic} has no public address, so the internet gateway takes nothing from it to ${to}`;
    case 'metadata':
      return `metadata was asked for from ${from} of ${nic}, and is only behind the primary NIC`;
    case 'cut':
      return `the zone of ${nic} is cut from that of ${holderOf(view, to)?.id ?? to}: ${what(drop)} from ${from} to ${to}`;
  }
}

function what({ protocol, port }: Drop): string {
  return port === 0 ? protocol : `${protocol} port ${port}`;
}

function whoHolds(view: CloudView, address: Address): string {
  const holder = holderOf(view, address);
  return holder === undefined ? '' : `: ${holder.id} does`;
}

/** The NIC that has an address, by itself or in a prefix. */
export function holderOf(view: CloudView, address: Address): Nic | undefined {
  const host = hostPrefix(address);
  for (const nic of view.nics.values()) {
    if (nic.addresses.includes(address) || nic.addresses6.includes(address)) return nic;
    if ([...nic.prefixes, ...nic.prefixes6].some((range) => contains(range, host))) return nic;
  }
  return undefined;
}

function groupsOf(view: CloudView, nic: Id): string {
  const groups = view.nics.get(nic)?.groups ?? [];
  return groups.length === 0 ? 'its groups, which are none,' : groups.join(', ');
}

/** Why a route table leads nowhere: it has no such route, or what the route names does not take packets. */
function wayText(view: CloudView, nic: Id, to: Address): string {
  const subnet = view.subnets.get(view.nics.get(nic)?.subnet ?? nic);
  const table = subnet === undefined ? undefined : view.tables.get(tableOfSubnet(view, subnet) ?? subnet.id);
  if (subnet === undefined || table === undefined) return `there is no route to ${to}`;
  const [route] = table.routes
    .filter((one) => one.by.kind !== 'local' && contains(one.to, to))
    .toSorted((a, b) => lengthOf(b.to) - lengthOf(a.to));
  const whose = `${table.id} of ${subnet.id}`;
  if (route === undefined) return `${whose} has no route to ${to}`;
  const { by } = route;
  if (by.kind === 'nic') {
    const attached = view.nics.get(by.nic)?.attachment !== undefined;
    const why = attached
      ? 'the target of the route and checks destinations'
      : 'the target of the route and is not attached';
    return `${whose} leads ${to} to ${by.nic}, but ${by.nic} is ${why}`;
  }
  return `${whose} leads ${to} to ${by.kind === 'internet' ? by.gateway : 'a gateway'}, which does not take it`;
}
