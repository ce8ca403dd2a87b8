import { ERRNO } from '../../wire/netlink/errno.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError } from './kernel.ts';
import { addressOf, recvmsg } from './libc.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

// struct msghdr of 64-bit Linux: name* | u32 namelen, 4 | iovec* | u64 iovlen | control* | u64 controllen | i32 flags,
// 4. struct cmsghdr: u64 length | i32 level | i32 type | data.

const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const SOL_NETLINK = 270;
const NETLINK_LISTEN_ALL_NSID = 8;
const DATAGRAM_BYTES = 65_536;

/** A datagram, as a view until the next, and the number of the namespace it comes from: absent for the socket's own. */
export interface Tagged {
  readonly datagram: Uint8Array;
  readonly netns?: number;
}

/**
 * Reads from a socket that listens everywhere, where only the control data tell one namespace's links from another's.
 */
export class TaggedReceiver {
  readonly #socket: NetlinkSocket;
  readonly #datagram = new Uint8Array(DATAGRAM_BYTES);
  readonly #control = new Uint8Array(128);
  readonly #vector = new Uint8Array(16);
  readonly #header = new Uint8Array(56);
  readonly #view = new DataView(this.#header.buffer);

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, addressOf(this.#datagram), true);
    vector.setBigUint64(8, BigInt(DATAGRAM_BYTES), true);
    this.#view.setBigUint64(16, addressOf(this.#vector), true);
    this.#view.setBigUint64(24, 1n, true);
    this.#view.setBigUint64(32, addressOf(this.#control), true);
  }

  /** Undefined when none waits. Throws KernelError, kind `lost`, when the kernel had to drop some. */
  receive(): Tagged | undefined {
    this.#view.setBigUint64(40, BigInt(this.#control.length), true); // the kernel writes how much it used
    const length = recvmsg(this.#socket.fd, this.#header, MSG_DONTWAIT);
    if (length === -ERRNO.EAGAIN) return undefined;
    if (length < 0) throw kernelError(-length, 'read notifications');
    if ((this.#view.getInt32(48, true) & MSG_TRUNC) !== 0) throw new KernelError('lost', 'a notification was cut');
    const netns = this.#netns(Number(this.#view.getBigUint64(40, true)));
    return { datagram: this.#datagram.subarray(0, length), ...(netns === undefined ? {} : { netns }) };
  }

  #netns(controlLength: number): number | undefined {
    const control = new DataView(this.#control.buffer);
    for (let at = 0; at + 16 <= controlLength; ) {
      const length = Number(control.getBigUint64(at, true));
      const [level, type] = [control.getInt32(at + 8, true), control.getInt32(at + 12, true)];
      if (level === SOL_NETLINK && type === NETLINK_LISTEN_ALL_NSID) return control.getInt32(at + 16, true);
      at += Math.max((length + 7) & ~7, 16);
    }
    return undefined;
  }
}
