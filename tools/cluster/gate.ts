import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A port of this machine behind which something else answers. */
export interface Gate {
  readonly port: number;
  readonly close: () => void;
}

/** A port of loopback, whichever is free, to a unix socket that may not be there yet: it is opened for each caller. */
export async function openGate(socket: string): Promise<Gate> {
  const callers = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    callers.add(caller.once('close', () => callers.delete(caller)));
    relay(caller, connect({ path: socket, allowHalfOpen: true }));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    for (const caller of callers) caller.destroy();
  };
  return { port, close };
}

/** Passes on what comes, both ways: each side ends when the other does, and trouble of one ends both. */
export function relay(from: Socket, to: Socket): void {
  const over = (error: unknown) => {
    if (error === null || error === undefined) return;
    from.destroy();
    to.destroy();
  };
  pipeline(from, to, over);
  pipeline(to, from, over);
}
