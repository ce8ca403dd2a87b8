import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

// The few calls of libc by which a request is taken and answered in one go. node:net costs a tenth of an ADD: it
// registers each connection with the event loop, reads it in the next turn, and waits for its end. Prototypes: the
// manual pages of section 2. Apart from io/kernel's libc: rooms of io do not know each other.

const c = koffi.load(null);
const c_socket = c.func('int socket(int domain, int type, int protocol)');
const c_bind = c.func('int bind(int fd, const void *address, uint32 length)');
const c_listen = c.func('int listen(int fd, int backlog)');
const c_accept = c.func('int accept4(int fd, void *address, void *length, int flags)');
const c_recv = c.func('intptr recv(int fd, void *bytes, size_t length, int flags)');
const c_send = c.func('intptr send(int fd, const void *bytes, size_t length, int flags)');
const c_close = c.func('int close(int fd)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_FLAGS = 0o2004000; // SOCK_CLOEXEC | SOCK_NONBLOCK
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;

/** An error of libc as node:net would throw it. */
function failure(call: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call}: ${code}`), { code, errno: -errno, syscall: call });
}

/** A listening socket at a path where nothing is. Throws an error with `code`. */
export function listenAt(path: string, backlog: number): number {
  const fd = c_socket(AF_UNIX, SOCK_STREAM | SOCK_FLAGS, 0);
  if (fd < 0) throw failure('socket', koffi.errno());
  const address = Buffer.from(`\u0001\0${path}\0`); // struct sockaddr_un: u16 family, in the host's order, and the path
  if (c_bind(fd, address, address.length) === 0 && c_listen(fd, backlog) === 0) return fd;
  const errno = koffi.errno();
  c_close(fd);
  throw failure('listen', errno);
}

/** The next connection that waits; undefined when none does. Throws an error with `code`: EMFILE, for one. */
export function accept(fd: number): number | undefined {
  const taken = c_accept(fd, null, null, SOCK_FLAGS);
  if (taken >= 0) return taken;
  if (koffi.errno() === EAGAIN) return undefined;
  throw failure('accept', koffi.errno());
}

/** How many bytes came: 0 at the end, undefined when none are there yet. A broken connection has ended. */
export function receive(fd: number, bytes: Uint8Array): number | undefined {
  const length = c_recv(fd, bytes, bytes.length, 0);
  if (length >= 0) return length;
  return koffi.errno() === EAGAIN ? undefined : 0;
}

/** How many of the bytes the kernel took. A broken connection takes none. */
export function send(fd: number, bytes: Uint8Array): number {
  return Math.max(0, c_send(fd, bytes, bytes.length, MSG_NOSIGNAL));
}

export function close(fd: number): void {
  c_close(fd);
}

/**
 * Calls `ready`, in a turn of its own of the event loop, as long as something waits on the descriptor. Keep what it
 * returns: once that is collected the calls end without a word.
 */
export function whenReadable(fd: number, ready: () => void): { pause(): void; resume(): void; stop(): void } {
  let [pending, running] = [false, true];
  const polled = () => {
    if (pending) return; // level-triggered: it calls again
    pending = true;
    setImmediate(() => {
      pending = false;
      if (running) ready();
    });
  };
  const handle = koffi.node.poll(fd, { readable: true }, polled);
  return {
    pause: () => handle.stop(),
    resume: () => {
      if (running) handle.start({ readable: true }, polled);
    },
    stop: () => {
      if (running) handle.close();
      running = false;
    },
  };
}
