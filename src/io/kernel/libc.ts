import koffi from 'koffi';

// The functions of libc that Berth calls, and nothing else: `load(null)` takes them from the process itself, glibc or
// musl.
// Each returns what the C function returns, or minus the errno: -11 is EAGAIN. Prototypes: the manual pages of
// section 2.

const c = koffi.load(null);
const c_socket = c.func('int socket(int domain, int type, int protocol)');
const c_bind = c.func('int bind(int fd, const void *address, uint32 length)');
const c_getsockname = c.func('int getsockname(int fd, void *address, void *length)');
const c_setsockopt = c.func('int setsockopt(int fd, int level, int name, const void *value, uint32 length)');
const c_send = c.func('intptr send(int fd, const void *bytes, size_t length, int flags)');
const c_recv = c.func('intptr recv(int fd, void *bytes, size_t length, int flags)');
const c_recvmsg = c.func('intptr recvmsg(int fd, void *header, int flags)');
const c_setns = c.func('int setns(int fd, int kind)');
const c_unshare = c.func('int unshare(int kinds)');
const c_mount = c.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
);
const c_ioctl = c.func('int ioctl(int fd, unsigned long request, void *argument)');
const c_open = c.func('int open(const char *path, int flags, ...)');
const c_close = c.func('int close(int fd)');
const c_read = c.func('intptr read(int fd, void *bytes, size_t length)');
const c_write = c.func('intptr write(int fd, const void *bytes, size_t length)');

function orErrno(result: number): number {
  return result < 0 ? -koffi.errno() : result;
}

/** A new descriptor. */
export function socket(domain: number, type: number, protocol: number): number {
  return orErrno(c_socket(domain, type, protocol));
}

/** `address` is the struct sockaddr of the domain. */
export function bind(fd: number, address: Uint8Array): number {
  return orErrno(c_bind(fd, address, address.length));
}

/** Fills `address` with the socket's own. */
export function getsockname(fd: number, address: Uint8Array): number {
  return orErrno(c_getsockname(fd, address, Uint32Array.of(address.length)));
}

export function setsockopt(fd: number, level: number, name: number, value: number): number {
  return orErrno(c_setsockopt(fd, level, name, Int32Array.of(value), 4));
}

/** How many bytes were sent. */
export function send(fd: number, bytes: Uint8Array): number {
  return orErrno(c_send(fd, bytes, bytes.length, 0));
}

/**
 * The same on a thread of libuv's pool: for requests that hold the caller long. The bytes must stay as they are until
 * it settles. errno belongs to a thread: koffi brings that one's along, for as long as its callback runs.
 */
export function sendOnThread(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    c_send.async(fd, bytes, bytes.length, 0, (error: Error | null, sent: number) => {
      if (error) reject(error);
      else resolve(sent < 0 ? -koffi.errno() : sent);
    });
  });
}

/** How many bytes came; with MSG_TRUNC how many there were. */
export function recv(fd: number, bytes: Uint8Array, flags: number): number {
  return orErrno(c_recv(fd, bytes, bytes.length, flags));
}

/** `header` is a struct msghdr whose pointers come from `addressOf`. */
export function recvmsg(fd: number, header: Uint8Array, flags: number): number {
  return orErrno(c_recvmsg(fd, header, flags));
}

/**
 * Where the bytes lie in memory. They must be kept alive for as long as C may follow the pointer. They do not move:
 * asking takes small arrays, too, out of the heap that V8 tidies.
 */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** Moves the calling thread, and nothing else, into the namespace behind `fd`. */
export function setns(fd: number, kind: number): number {
  return orErrno(c_setns(fd, kind));
}

/** Moves the calling thread, and nothing else, into new namespaces. */
export function unshare(kinds: number): number {
  return orErrno(c_unshare(kinds));
}

/** Changes the flags of a mount as this process sees it: MS_* of linux/mount.h. */
export function remount(target: string, flags: number): number {
  return orErrno(c_mount(null, target, null, flags, null));
}

/**
 * The flags of a link in the namespace of a socket, IFF_* of linux/if.h: a tenth of what asking by netlink costs, which
 * tells all there is of it.
 */
export function linkFlags(fd: number, name: string): number {
  ifreq.fill(0, 0, IFNAMSIZ).write(name, 0, IFNAMSIZ - 1);
  return c_ioctl(fd, SIOCGIFFLAGS, ifreq) < 0 ? -koffi.errno() : ifreq.readUInt16LE(IFNAMSIZ);
}

// struct ifreq of linux/if.h on 64-bit machines: the name, then, here, the flags
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
const SIOCGIFFLAGS = 0x8913; // linux/sockios.h
const ifreq = Buffer.alloc(IFREQ_BYTES); // one for all: the call is synchronous

/** A descriptor that no child process inherits. */
export function open(path: string, flags: number): number {
  return orErrno(c_open(path, flags | O_CLOEXEC));
}

export function close(fd: number): number {
  return orErrno(c_close(fd));
}

export function read(fd: number, bytes: Uint8Array): number {
  return orErrno(c_read(fd, bytes, bytes.length));
}

export function write(fd: number, bytes: Uint8Array): number {
  return orErrno(c_write(fd, bytes, bytes.length));
}

// asm-generic/fcntl.h: the same on x86-64 and arm64
export const O_RDONLY = 0;
export const O_WRONLY = 1;
const O_CLOEXEC = 0x80000;

/** A descriptor watched by the event loop: `ready` is called for as long as there is something to read. */
export interface Watched {
  stop(): void;
}

/**
 * Watches a descriptor. Keep the returned value: once it is collected the watching ends without a word. `ready` runs
 * through setImmediate, for promises that are resolved in koffi's own callback stand still until some other callback
 * runs.
 */
export function watchReadable(fd: number, ready: () => void): Watched {
  let [pending, stopped, ended] = [false, false, false];
  // koffi gives the status before the events, otherwise than its types say
  const polled = (...[status]: unknown[]) => {
    // libuv stops watching a socket with a pending error, and a netlink socket that overflowed has one
    ended ||= typeof status === 'number' && status < 0;
    if (pending) return; // level-triggered: it calls again until the descriptor is drained
    pending = true;
    setImmediate(() => {
      pending = false;
      if (stopped) return;
      ready();
      if (stopped || !ended) return;
      ended = false;
      handle.start({ readable: true }, polled);
    });
  };
  const handle = koffi.node.poll(fd, { readable: true }, polled);
  handle.unref();
  const stop = () => {
    if (!stopped) handle.close();
    stopped = true;
  };
  return { stop };
}
