import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Writer } from '../../base/bytes.ts';
import type { Family } from '../../base/ip.ts';
import type { Listener } from '../../core/datapath/ports.ts';
import { FLAG, writeMessage } from '../../wire/netlink/header.ts';
import {
  putSocketFilter,
  SOCK_DIAG_BY_FAMILY,
  SOCKET_STATE,
  type SocketMessage,
  takeSocket,
} from '../../wire/sockdiag/socket.ts';
import { Channel } from './channel.ts';
import { KernelError, type Kernel } from './kernel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';

type Port = Parameters<Kernel['listeners']>[0];

/** IANA's number, and the state of a socket that waits for whoever calls. */
const PROTOCOL = {
  tcp: { protocol: 6, state: SOCKET_STATE.listen },
  udp: { protocol: 17, state: SOCKET_STATE.close },
  sctp: { protocol: 132, state: SOCKET_STATE.listen },
} as const;

/**
 * The sockets of a namespace that wait on a port, with their processes. A kernel that cannot tell of a protocol (SCTP's
 * module is seldom loaded) tells of none. Looks through all processes when there is such a socket. Throws KernelError.
 */
export function listeners(port: Port, netns: Netns): readonly Listener[] {
  const socket = NetlinkSocket.open({ protocol: 'sockets', netns });
  try {
    const channel = new Channel(socket);
    const found = (['v4', 'v6'] as const).flatMap((family) => socketsOf(channel, port, family));
    const processes = found.length === 0 ? new Map<number, string>() : holdersOf(new Set(found.map((it) => it.inode)));
    return found.map(({ address, families, inode }) => ({
      address,
      families,
      process: processes.get(inode) ?? 'a process of the node that cannot be seen from here',
    }));
  } finally {
    socket.close();
  }
}

function socketsOf(channel: Channel, { protocol, hostPort }: Port, family: Family) {
  const filter = { ...PROTOCOL[protocol], family, port: hostPort };
  const writer = new Writer(128);
  try {
    const messages = channel.dump((sequence) => {
      writer.rewind();
      const header = { type: SOCK_DIAG_BY_FAMILY, flags: FLAG.REQUEST | FLAG.DUMP, sequence };
      writeMessage(writer, header, (body) => putSocketFilter(body, filter));
      return writer.written;
    }, `sockets of ${protocol} port ${hostPort}`);
    return messages.map(({ body }) => takeSocket(body)).map((it) => ({ ...it, families: heardBy(it, family) }));
  } catch (error) {
    if (error instanceof KernelError && (error.kind === 'absent' || error.kind === 'unsupported')) return [];
    throw error;
  }
}

/** A socket of :: takes IPv4 as well, unless it was told not to. */
function heardBy({ address, only6 }: SocketMessage, family: Family): readonly Family[] {
  if (family === 'v4' || address.includes('.')) return ['v4'];
  return address === '::' && !only6 ? ['v4', 'v6'] : ['v6'];
}

/** Who has these sockets open, as "nginx (pid 4711)". Processes that come, go or hide are passed over. */
function holdersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, string> {
  const holders = new Map<number, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]);
        if (!inodes.has(inode) || holders.has(inode)) continue;
        holders.set(inode, `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`);
      }
    } catch {
      continue;
    }
  }
  return holders;
}
