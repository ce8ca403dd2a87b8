import { ERRNO } from '../../wire/netlink/errno.ts';
import { check, kernelError } from './kernel-error.ts';
import { bind, close, getsockname, recv, send, sendOnThread, setsockopt, socket } from './libc.ts';
import { KernelError } from './kernel.ts';
import type { Netns } from './netns.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const PROTOCOL = { route: 0, sockets: 4, netfilter: 12 } as const; // linux/netlink.h

const SOL_SOCKET = 1;
const SO = { SNDBUF: 7, RCVBUF: 8, SNDBUFFORCE: 32, RCVBUFFORCE: 33 } as const; // asm-generic/socket.h
const SOL_NETLINK = 270;
const NETLINK = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  LISTEN_ALL_NSID: 8,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
/** The kernel makes datagrams of a dump as large as the largest read it saw, at most 32 KiB. */
const DATAGRAM_BYTES = 65_536;

export interface NetlinkOptions {
  readonly protocol: keyof typeof PROTOCOL;
  /** Multicast groups by number (RTNLGRP_*, NFNLGRP_*). */
  readonly groups?: readonly number[];
  /** The namespace to open it in; it stays there. Without: that of the calling thread. */
  readonly netns?: Netns;
  /**
   * Room for what is not read yet. Without CAP_NET_ADMIN in the machine's first user namespace it is cut to
   * net.core.rmem_max.
   */
  readonly receiveBytes?: number;
  readonly sendBytes?: number;
  /** Whether the kernel shall check, and filter by, the fields of requests that ask. */
  readonly strict?: boolean;
  /**
   * The port id to have, so that our changes are known among notifications. When it is taken the kernel chooses one.
   */
  readonly port?: number;
  /** Where datagrams are read into; sockets may share one when what was read is used before any of them reads again. */
  readonly buffer?: Uint8Array;
}

/**
 * A netlink socket: bytes in, bytes out. Answers are waiting when `send` returns, so nothing here ever blocks on
 * reading.
 */
export class NetlinkSocket {
  readonly fd: number;
  /** The port id the kernel gave: it stands in notifications of changes that this socket made. */
  readonly port: number;
  readonly buffer: Uint8Array;
  #open = true;

  private constructor(fd: number, port: number, buffer: Uint8Array) {
    this.fd = fd;
    this.port = port;
    this.buffer = buffer;
  }

  /** Throws KernelError: `unsupported` when the kernel lacks the protocol, `full` when descriptors ran out. */
  static open(options: NetlinkOptions): NetlinkSocket {
    return options.netns === undefined ? openHere(options) : options.netns.within(() => openHere(options));
  }

  /** For `open` alone: gives a descriptor its port. */
  static of(fd: number, { port = 0, buffer = new Uint8Array(DATAGRAM_BYTES) }: NetlinkOptions): NetlinkSocket {
    if (port !== 0 && bind(fd, socketAddress(port)) >= 0) return new NetlinkSocket(fd, port, buffer);
    const address = socketAddress(0);
    check(bind(fd, address), 'bind a netlink socket');
    check(getsockname(fd, address), 'ask for the port of a netlink socket');
    return new NetlinkSocket(fd, new DataView(address.buffer).getUint32(4, true), buffer);
  }

  /** Hands one datagram to the kernel, which works through it before this returns. Throws KernelError. */
  send(bytes: Uint8Array): void {
    check(send(this.fd, bytes), 'send to netlink');
  }

  /** The same on a thread of the pool. The bytes must not change until it settles. */
  async sendOnThread(bytes: Uint8Array): Promise<void> {
    check(await sendOnThread(this.fd, bytes), 'send to netlink');
  }

  /**
   * The next waiting datagram, as a view that holds until the next `receive` of this socket; undefined when none waits.
   * Throws KernelError of kind `lost` when the kernel had to drop some (ENOBUFS), or when one did not fit.
   */
  receive(): Uint8Array | undefined {
    const length = recv(this.fd, this.buffer, MSG_DONTWAIT | MSG_TRUNC);
    if (length === -ERRNO.EAGAIN) return undefined;
    if (length < 0) throw kernelError(-length, 'read from netlink');
    if (length > this.buffer.length) throw new KernelError('lost', `a netlink datagram of ${length} bytes was cut`);
    return this.buffer.subarray(0, length);
  }

  /** From now on hears what is told to a group. Throws KernelError. */
  join(group: number): void {
    check(setsockopt(this.fd, SOL_NETLINK, NETLINK.ADD_MEMBERSHIP, group), `join netlink group ${group}`);
  }

  /** Hears no more of a group; what waits already stays. */
  leave(group: number): void {
    setsockopt(this.fd, SOL_NETLINK, NETLINK.DROP_MEMBERSHIP, group);
  }

  /**
   * Whether it shall hear, beside its own, all namespaces that have a number in its own. False when that is not
   * permitted.
   */
  listenEverywhere(everywhere: boolean): boolean {
    return setsockopt(this.fd, SOL_NETLINK, NETLINK.LISTEN_ALL_NSID, everywhere ? 1 : 0) === 0;
  }

  /** Closing again is harmless. */
  close(): void {
    if (this.#open) close(this.fd);
    this.#open = false;
  }
}

function openHere(options: NetlinkOptions): NetlinkSocket {
  const fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, PROTOCOL[options.protocol]), 'open a netlink socket');
  try {
    // older kernels lack one or the other: answers only grow longer or poorer
    setsockopt(fd, SOL_NETLINK, NETLINK.CAP_ACK, 1);
    setsockopt(fd, SOL_NETLINK, NETLINK.EXT_ACK, 1);
    // without it the dumps are whole: callers filter again
    if (options.strict) setsockopt(fd, SOL_NETLINK, NETLINK.GET_STRICT_CHK, 1);
    if (options.receiveBytes !== undefined) room(fd, SO.RCVBUFFORCE, SO.RCVBUF, options.receiveBytes);
    if (options.sendBytes !== undefined) room(fd, SO.SNDBUFFORCE, SO.SNDBUF, options.sendBytes);
    const made = NetlinkSocket.of(fd, options);
    for (const group of options.groups ?? []) made.join(group);
    return made;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Asks for more than the system's limit where that is allowed, for what the limit gives elsewhere (user namespaces).
 */
function room(fd: number, force: number, plain: number, bytes: number): void {
  if (setsockopt(fd, SOL_SOCKET, force, bytes) < 0) setsockopt(fd, SOL_SOCKET, plain, bytes);
}

/** struct sockaddr_nl: u16 family | u16 0 | u32 port, 0 = the kernel chooses | u32 groups. */
function socketAddress(port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, port, true);
  return bytes;
}
