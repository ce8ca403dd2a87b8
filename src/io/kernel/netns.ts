import { fstatSync } from 'node:fs';
import { check } from './kernel-error.ts';
import { close, O_RDONLY, open, setns, unshare } from './libc.ts';

const CLONE_NEWNET = 0x40000000; // linux/sched.h
/** The namespace of the calling thread. */
const HERE = '/proc/thread-self/ns/net';

// Where the calling thread is, held open: only `within` and `make` ever move it, and both bring it back.
let here: number | undefined;

/** A network namespace held open: it lives at least as long as this, whoever else leaves it. Close it. */
export class Netns {
  readonly fd: number;
  readonly path: string;

  private constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
  }

  /**
   * The namespace a path names; the calling thread's own without one. Throws KernelError, kind `absent` when there is
   * none.
   */
  static open(path: string = HERE): Netns {
    return new Netns(check(open(path, O_RDONLY), `open the network namespace ${path}`), path);
  }

  /**
   * A new one, with nothing in it but a loopback that is down. It is gone when it is closed, or this process ends, and
   * nothing else holds it. Throws KernelError, kind `denied` without CAP_SYS_ADMIN.
   */
  static make(): Netns {
    const home = check(open(HERE, O_RDONLY), 'open the own network namespace');
    try {
      check(unshare(CLONE_NEWNET), 'make a network namespace');
      try {
        return Netns.open();
      } finally {
        // in the wrong namespace nothing may go on
        if (setns(home, CLONE_NEWNET) !== 0) process.abort();
      }
    } finally {
      close(home);
    }
  }

  /** The same text for the same namespace, while it lives: device and inode of nsfs. */
  identity(): string {
    const { dev, ino } = fstatSync(this.fd);
    return `${dev}:${ino}`;
  }

  /**
   * Runs `work` with the calling thread in this namespace. `work` must be synchronous and start no thread and no
   * process: then no other code can ever run in here. Sockets opened in it stay here. Throws what `work` throws, and
   * KernelError when entering fails.
   */
  within<T>(work: () => T): T {
    here ??= check(open(HERE, O_RDONLY), 'open the own network namespace');
    const home = here;
    check(setns(this.fd, CLONE_NEWNET), `enter the network namespace ${this.path}`);
    here = this.fd;
    try {
      return work();
    } finally {
      // in the wrong namespace nothing may go on: it would change a pod's network for the node's
      if (setns(home, CLONE_NEWNET) !== 0) process.abort();
      here = home;
    }
  }

  /** Closing twice is a programmer's error: the number may be somebody else's by then. */
  close(): void {
    close(this.fd);
  }
}
