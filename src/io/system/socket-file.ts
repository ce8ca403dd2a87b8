import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { SocketError, socketError } from './socket-error.ts';

const LONGEST_PATH = 107; // bytes: sun_path of linux/un.h, less the final zero
const PROBE_MS = 1_000;

/**
 * Has `listen` listen on a unix socket that only its owner can open. The file appears whole, with its mode, in one
 * rename: a stale one is replaced, a live one is never taken over. Returns what removes the file again, unless somebody
 * has replaced it since. Throws SocketError: `in-use` when somebody answers there, `invalid` when the path holds
 * something else or is too long.
 */
export async function listenOnFile(path: string, listen: (path: string) => unknown): Promise<() => void> {
  const directory = dirname(path);
  const born = join(directory, `.s${process.pid}`);
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(born)) > LONGEST_PATH)
    throw new SocketError('invalid', `${path}: a socket path has at most ${LONGEST_PATH} bytes`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    await refuseIfTaken(path);
    rmSync(born, { force: true });
    await listen(born);
    chmodSync(born, 0o600);
    const ours = lstatSync(born).ino;
    renameSync(born, path);
    return () => removeIfOurs(path, ours);
  } catch (cause) {
    throw socketError(`cannot listen on ${path}`, cause);
  }
}

async function refuseIfTaken(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SocketError('invalid', `${path} exists and is not a socket: move it away`);
  if (await answers(path)) throw new SocketError('in-use', `${path}: another process already serves this socket`);
}

/** Whether a live process listens there. A full backlog is alive too. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: PROBE_MS });
    const say = (live: boolean) => {
      socket.destroy();
      resolve(live);
    };
    socket.once('connect', () => say(true));
    // where we were busy for so long ourselves, the answer is there and comes first
    socket.once('timeout', () => setImmediate(() => say(true)));
    socket.once('error', (error: NodeJS.ErrnoException) => say(!['ECONNREFUSED', 'ENOENT'].includes(error.code ?? '')));
  });
}

/** What `listenOnFile` wants, of a server of node:net. */
export function listenWith(server: Server, path: string, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function removeIfOurs(path: string, ours: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === ours) rmSync(path, { force: true });
}
