import type { Socket } from 'node:net';
import koffi from 'koffi';

/** Who is at the other end of a unix socket, as the kernel saw it at connect(2), in terms of our own user namespace. */
export interface Peer {
  readonly pid: number; // 0: from another PID namespace
  readonly uid: number; // 65534: a user whom our namespace does not know
  readonly gid: number;
}

const SOL_SOCKET = 1; //   asm-generic/socket.h, as all that follows
const SO_PEERCRED = 17;
const UCRED_BYTES = 12; // struct ucred of linux/socket.h: pid, uid, gid

/**
 * Makes a reader of SO_PEERCRED: the peer of a connected unix socket, or undefined when the kernel does not tell. About
 * 1 µs a call. node:net has no word for it. A door of one function, apart from io/kernel's libc: rooms of io do
 * not know each other.
 */
export function peerReader(): (fd: number) => Peer | undefined {
  const signature = 'int getsockopt(int fd, int level, int option, void *value, void *length)';
  const getsockopt = koffi.load(null).func(signature) as (...args: (number | ArrayBufferView)[]) => number;
  const value = new Int32Array(UCRED_BYTES / 4); // one for all: the call is synchronous
  const length = new Int32Array(1);
  return (fd) => {
    length[0] = UCRED_BYTES;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length[0] !== UCRED_BYTES) return undefined;
    const [pid = 0, uid = 0, gid = 0] = value;
    return { pid, uid: uid >>> 0, gid: gid >>> 0 };
  };
}

/** node:net keeps the descriptor to itself; -1 makes the peer unknown, and so unheard. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
