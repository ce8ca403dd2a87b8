import type { Address, Family } from '../../base/ip.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { FLAG, writeMessage } from '../../wire/netlink/header.ts';
import { FLOW, putFlowFilter, putFlowName, takeFlow, type Flow } from '../../wire/conntrack/flow.ts';
import { AF, RTM } from '../../wire/rtnetlink/type.ts';
import { putAddress, takeAddress } from '../../wire/rtnetlink/address.ts';
import { sendBatch } from './batch.ts';
import { Channel } from './channel.ts';
import { kernelError } from './kernel-error.ts';
import type { Kernel } from './kernel.ts';
import type { NftChannel } from './nft-channel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';
import { Writer } from '../../base/bytes.ts';

type Flows = Parameters<Kernel['forgetFlows']>[0];

const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const; // IANA
/** Deletions of one datagram: each may be answered by one, and all of these must find room. */
const DELETIONS = 128;

/**
 * Forgets the flows towards a port of the node itself. A flow through the node to the same port of somebody else stays: it may be
 * masqueraded, and without its entry it would break. Throws KernelError.
 */
export function forgetFlows(channel: NftChannel, flows: Flows, netns?: Netns): void {
  const filter = { family: flows.family, protocol: PROTOCOL[flows.protocol], destinationPort: flows.hostPort };
  const request = { type: FLOW.get, body: (writer: Writer) => putFlowFilter(writer, filter) };
  const candidates = channel
    .dump(request, 'connection tracking')
    .flatMap(({ body }) => takeFlow(body) ?? [])
    .filter(({ original }) => original.protocol === filter.protocol && original.destinationPort === flows.hostPort);
  if (candidates.length === 0) return;
  const own = ownAddresses(flows.family, netns);
  const ours = candidates.filter(({ original: { destination } }) => own.has(destination) || isLoopback(destination));
  for (let i = 0; i < ours.length; i += DELETIONS) deleteFlows(channel, ours.slice(i, i + DELETIONS));
}

function deleteFlows(channel: NftChannel, flows: readonly Flow[]): void {
  const requests = flows.map((flow) => ({
    type: FLOW.delete,
    flags: 0,
    body: (writer: Writer) => putFlowName(writer, flow),
  }));
  for (const { errno, said } of sendBatch(channel, requests).faults.values())
    if (errno !== ERRNO.ENOENT) throw kernelError(errno, 'forget a flow', said); // ended by itself
}

function ownAddresses(family: Family, netns?: Netns): ReadonlySet<Address> {
  const socket = NetlinkSocket.open({ protocol: 'route', ...(netns === undefined ? {} : { netns }) });
  try {
    const messages = new Channel(socket).dump((sequence) => {
      const writer = new Writer();
      const header = { type: RTM.GETADDR, flags: FLAG.REQUEST | FLAG.DUMP, sequence };
      const message = { family: family === 'v4' ? AF.INET : AF.INET6, length: 0, flags: 0, scope: 0, index: 0 };
      writeMessage(writer, header, (body) => putAddress(body, message));
      return writer.written;
    }, 'addresses');
    return new Set(
      messages.map(({ body }) => takeAddress(body)).flatMap(({ local, address }) => local ?? address ?? []),
    );
  } finally {
    socket.close();
  }
}

/** The kernel takes all of 127.0.0.0/8 as its own. */
function isLoopback(address: Address): boolean {
  return address.startsWith('127.');
}
