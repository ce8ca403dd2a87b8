import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { refusal, success } from '../judge.ts';
import type { Stage } from '../stage.ts';
import type { Check } from '../check.ts';
import { must, noneOf } from '../verdict.ts';
import { until } from '../world/wait.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

/** A runtime gives up on a plugin after this: the plugin's own answer must come first. */
const RUNTIME_TIMEOUT_MS = 15_000;

/** C37 and C39: the plugin and the daemon behind it. */
export const daemonChecks: readonly Check[] = [
  {
    id: 'C37',
    name: "a caller's trace id is in the daemon's log",
    run: async (stage) => {
      const { daemon } = stage;
      const list = stage.list();
      const about = stage.attachment(await stage.sandbox(), list);
      const env = { TRACEPARENT: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
      success(await stage.call({ verb: 'ADD', list, about, env }), 'ADD');
      const line = await until(2_000, () =>
        daemon
          .log()
          .split('\n')
          .find((each) => each.includes(TRACE_ID)),
      );
      must(line !== undefined, `no line of the log has ${TRACE_ID}`);
      return '';
    },
  },
  {
    id: 'C39',
    name: 'a daemon that hangs up or is slow: code 11 before the runtime loses patience',
    limitMs: 60_000,
    run: badDaemon,
  },
];

async function badDaemon(stage: Stage): Promise<string> {
  const { daemon } = stage;
  const list = stage.list();
  const before = await stage.atRest(list);
  const took: string[] = [];
  const refuses = async (what: string) => {
    const about = stage.attachment(await stage.sandbox(), list);
    const exit = await stage.call({ verb: 'ADD', list, about, env: daemon.hurry, deadlineMs: RUNTIME_TIMEOUT_MS });
    refusal(exit, `ADD with a daemon that ${what}`, 11);
    took.push(`${what}: ${Math.round(exit.ms)} ms`);
    return about;
  };
  await daemon.stop();
  try {
    await pretending(
      daemon.socket,
      (socket) => socket.destroy(),
      () => refuses('hangs up'),
    );
    await pretending(
      daemon.socket,
      () => {},
      () => refuses('never answers'),
    );
  } finally {
    await daemon.start();
  }
  daemon.freeze();
  const about = await refuses('is frozen').finally(() => daemon.thaw());
  success(await stage.call({ verb: 'DEL', list, about }), 'DEL after the daemon went on');
  noneOf(await stage.residue(before));
  return took.join(', ');
}

/** Puts a daemon of our own at the socket for as long as the work lasts. */
async function pretending(path: string, greet: (socket: Socket) => void, work: () => Promise<unknown>): Promise<void> {
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    greet(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  try {
    await work();
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(path, { force: true });
  }
}
