// What runs in each instance of the demo, in place of a container runtime: it makes pods' namespaces, executes the CNI
// plugin, and speaks TCP from inside the pods: a server that tells every caller its own address, and a client.
// Orders and answers come and go by IPC. The agent is known by the variables that the plugin reads.
import { spawn } from 'node:child_process';
import { createServer, type Server, Socket } from 'node:net';
import { resolve as absolute } from 'node:path';
import { text } from 'node:stream/consumers';
import { socket } from '../../../src/io/kernel/libc.ts';
import { Netns } from '../../../src/io/kernel/netns.ts';
import { run } from '../processes.ts';
import type { Answer, Order } from './orders.ts';

const PORT = 8080;
const PATIENCE_MS = 3_000;
const PLUGIN = absolute(import.meta.dirname, '../../../build/berth-cni');
const NETWORK = JSON.stringify({ cniVersion: '1.1.0', name: 'demo', type: 'berth-cni' });
// asm-generic/socket.h
const [AF_INET, SOCK_STREAM, SOCK_CLOEXEC, SOCK_NONBLOCK] = [2, 1, 0x80000, 0x800] as const;

const pods = new Map<string, { readonly netns: Netns; readonly server: Server }>();

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (answer) => process.send?.({ id, answer }),
    (error: Error) => process.send?.({ id, answer: { ok: false, text: error.message, ms: 0 } }),
  );
});
process.on('disconnect', () => process.exit(0)); // whoever started us is gone
process.send?.({ id: 0, answer: { ok: true, text: '', ms: 0 } });

function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case 'add':
      return add(order.pod);
    case 'delete':
      return remove(order.pod);
    case 'ask':
      return ask(order.pod, order.address);
  }
}

/** Makes the pod, or leaves nothing of it. */
async function add(pod: string): Promise<Answer> {
  run('ip', ['netns', 'add', pod]);
  const answer = await callPlugin('ADD', pod);
  if (!answer.ok) {
    await remove(pod);
    return answer;
  }
  const netns = Netns.open(`/run/netns/${pod}`);
  const server = createServer((caller) => {
    caller.on('error', () => {}); // it went away: nothing to tell
    caller.end((caller.remoteAddress ?? '').replace(/^::ffff:/, ''));
  });
  // without a host it is bound before this returns, so it stays in there
  netns.within(() => server.listen({ port: PORT }));
  pods.set(pod, { netns, server });
  return answer;
}

async function remove(pod: string): Promise<Answer> {
  pods.get(pod)?.server.close();
  pods.get(pod)?.netns.close();
  pods.delete(pod);
  const answer = await callPlugin('DEL', pod);
  run('ip', ['netns', 'delete', pod]);
  return answer;
}

/** Executes the plugin as a runtime does: environment and configuration in, JSON out. */
async function callPlugin(verb: 'ADD' | 'DEL', pod: string): Promise<Answer> {
  const env = {
    ...process.env,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: `demo-${pod}`,
    CNI_NETNS: `/run/netns/${pod}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: absolute(PLUGIN, '..'),
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=${pod}`,
  };
  const began = performance.now();
  const child = spawn(PLUGIN, [], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve, reject) => child.on('exit', resolve).on('error', reject));
  child.stdin.end(NETWORK);
  const [code, said] = await Promise.all([exited, text(child.stdout)]);
  return { ok: code === 0, text: said, ms: performance.now() - began };
}

/** Calls an address from inside a pod, and answers what address the other side saw. */
function ask(pod: string, host: string): Promise<Answer> {
  const from = pods.get(pod);
  if (from === undefined) throw new RangeError(`there is no pod ${pod}`);
  const began = performance.now();
  // made in there; where it is used does not matter
  const fd = from.netns.within(() => socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const caller = new Socket({ fd, manualStart: true } as { fd: number });
  let said = '';
  return new Promise((resolve) => {
    const done = (ok: boolean, what: string) => resolve({ ok, text: what, ms: performance.now() - began });
    caller.setTimeout(PATIENCE_MS, () => caller.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    caller.on('data', (bytes) => (said += String(bytes)));
    caller.on('error', ({ message }) => done(false, message));
    caller.on('close', () => done(said !== '', said === '' ? 'closed without an answer' : said));
    caller.connect(PORT, host);
  });
}
