import { Writer } from '../../base/bytes.ts';
import type { Address, Family } from '../../base/ip.ts';
import { FLOW, putFlowFilter, putFlowName, takeFlow, type Flow } from '../../wire/conntrack/flow.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { FLAG, writeMessage, type Message } from '../../wire/netlink/header.ts';
import { putAddress, takeAddress } from '../../wire/rtnetlink/address.ts';
import { AF, RTM } from '../../wire/rtnetlink/type.ts';
import { sendBatch, type Line } from './batch.ts';
import { Channel } from './channel.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError, type Kernel } from './kernel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';

type Flows = Parameters<Kernel['forgetFlows']>[0];

const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const; // IANA
/** Deletions of one datagram: each may be answered by one, and all of these must find room. */
const DELETIONS = 128;
/** How often the table may change so much during a listing that the listing is worth nothing. */
const TRIES = 20;

/**
 * Forgets the flows towards a port of the node itself. A flow through the node to the same port of somebody else
 * stays: it may be masqueraded, and without its entry it would break. The kernel walks all of its table for this, 5 to
 * 10 ms at 262,144 buckets: on a thread of the pool. Throws KernelError.
 */
export async function forgetFlows(flows: Flows, netns?: Netns): Promise<void> {
  const where = netns === undefined ? {} : { netns };
  const channel = new Channel(NetlinkSocket.open({ protocol: 'netfilter', ...where }));
  try {
    const line: Line = { channel, writer: new Writer() };
    const candidates = await flowsTowards(line, flows);
    if (candidates.length === 0) return;
    const own = ownAddresses(flows.family, netns);
    const ours = candidates.filter(({ original: { destination } }) => own.has(destination) || isLoopback(destination));
    for (let i = 0; i < ours.length; i += DELETIONS) deleteFlows(line, ours.slice(i, i + DELETIONS));
  } finally {
    channel.socket.close();
  }
}

async function flowsTowards(line: Line, { family, protocol, hostPort }: Flows): Promise<readonly Flow[]> {
  const filter = { family, protocol: PROTOCOL[protocol], destinationPort: hostPort };
  const messages = await dumpOnThread(line, { type: FLOW.get, body: (writer) => putFlowFilter(writer, filter) });
  return messages
    .flatMap(({ body }) => takeFlow(body) ?? [])
    .filter(({ original: it }) => it.protocol === filter.protocol && it.destinationPort === hostPort);
}

async function dumpOnThread(
  { channel, writer }: Line,
  request: { readonly type: number; readonly body: (writer: Writer) => void },
): Promise<readonly Message[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const sequence = channel.number();
    writer.rewind();
    writeMessage(writer, { type: request.type, flags: FLAG.REQUEST | FLAG.DUMP, sequence }, request.body);
    const { replies, interrupted } = await channel.exchangeOnThread(writer.written, sequence);
    const fault = replies.find((reply) => reply.is === 'error');
    if (fault !== undefined) throw kernelError(fault.errno, 'list connection tracking', fault.said);
    if (!interrupted) return replies.flatMap((reply) => (reply.is === 'message' ? [reply.message] : []));
  }
  throw new KernelError('busy', 'cannot list connection tracking: it changed all the time');
}

function deleteFlows(line: Line, flows: readonly Flow[]): void {
  const requests = flows.map((flow) => ({
    type: FLOW.delete,
    flags: 0,
    body: (writer: Writer) => putFlowName(writer, flow),
  }));
  for (const { errno, said } of sendBatch(line, requests).faults.values())
    if (errno !== ERRNO.ENOENT) throw kernelError(errno, 'forget a flow', said); // absent: ended by itself
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
