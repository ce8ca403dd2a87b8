import { admin, type DemoAgent } from '../agent.ts';
import { into, run } from '../processes.ts';
import { table } from '../table.ts';
import { NODES, OUTSIDE } from './fabric.ts';
import { callPlugin, type DemoPod } from './pods.ts';

const PORT = 8080;

/** Node, pod, addresses and how long the runtime waited. */
export function showPods(pods: readonly DemoPod[]): void {
  const rows = pods.map((pod) => [pod.node.name, pod.name, pod.addresses.join(' '), pod.addMs.toFixed(1)]);
  console.log(`\n${table([['NODE', 'POD', 'ADDRESSES', 'ADD MS'], ...rows])}\n`);
}

/** Every pod calls every pod, over IPv4 and IPv6, and must be seen with its own address. Throws when one is not. */
export async function showMatrix(pods: readonly DemoPod[]): Promise<void> {
  const rows = await Promise.all(pods.map((from) => rowOf(from, pods)));
  console.log(`TCP from row to column, IPv4 and IPv6; "ok" = connected, and the source address was the pod's own`);
  console.log(`${table([['', ...pods.map((pod) => pod.name)], ...rows])}\n`);
  const bad = rows.flatMap((row) => row.slice(1)).filter((cell) => cell !== 'ok ok');
  if (bad.length > 0) throw new Error(`${bad.length} of the pod pairs do not reach each other: ${bad[0]}`);
}

async function rowOf(from: DemoPod, pods: readonly DemoPod[]): Promise<string[]> {
  const cells: string[] = [];
  for (const to of pods) {
    const said: string[] = [];
    for (const [i, address] of to.addresses.entries()) {
      const { saw, error } = await from.talker.ask({ ask: address, port: PORT });
      said.push(saw === from.addresses[i] ? 'ok' : (error ?? `seen as ${saw}`));
    }
    cells.push(said.join(' '));
  }
  return [from.name, ...cells];
}

/** A pod calls a host outside of the cluster, which must see the node's address. */
export async function showEgress(pod: DemoPod): Promise<void> {
  for (const [i, address] of OUTSIDE.addresses.entries()) {
    const { saw, error } = await pod.talker.ask({ ask: address, port: PORT });
    if (saw !== pod.node.addresses[i]) throw new Error(`egress: ${address} saw ${saw ?? error}`);
    console.log(
      `${pod.name} (${pod.addresses[i]}) called ${address} outside; it was seen as ${saw}, the node ${pod.node.name}`,
    );
  }
}

/** Asks for an address that another pod holds. */
export async function showRefusal(holder: DemoPod): Promise<void> {
  const pod = 'greedy';
  run('ip', ['netns', 'add', pod]);
  const answer = callPlugin(holder.agent, 'ADD', pod, `;IP=${holder.addresses[0]}`);
  callPlugin(holder.agent, 'DEL', pod);
  run('ip', ['netns', 'delete', pod]);
  if (answer.ok) throw new Error(`${holder.addresses[0]} was given twice`);
  const { code, msg, details } = JSON.parse(answer.body) as { code: number; msg: string; details?: string };
  console.log(`\nA pod that asks for ${holder.addresses[0]} is refused:\n  code ${code}: ${msg}\n  ${details ?? ''}`);
  const why = JSON.parse(await admin(holder.agent, `/v1/why?q=demo/${pod}`)) as { sentences: { text: string }[] };
  console.log(`  berth why demo/${pod}: ${why.sentences.map(({ text }) => text).join('; ')}\n`);
}

/** Deletes a pod's route behind the agent's back and waits until it stands again. */
export async function showRepair(pod: DemoPod): Promise<void> {
  const ip = (...args: string[]) => run(...into(pod.node.name)('ip', args));
  ip('route', 'delete', `${pod.addresses[0]}/32`);
  const began = performance.now();
  while (ip('route', 'show', `${pod.addresses[0]}/32`).trim() === '') {
    if (performance.now() - began > 5_000) throw new Error(`the route of ${pod.name} was not repaired`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(
    `Somebody deleted the route to ${pod.name}; it stood again after ${Math.round(performance.now() - began)} ms\n`,
  );
}

/** What to try while the demo stays up. */
export function showCommands(agents: readonly DemoAgent[], pod: DemoPod): void {
  const socket = agents[0]?.adminSocket ?? '';
  console.log('Everything stays up. Try, in another terminal:');
  for (const command of ['status', 'pods', `explain demo/${pod.name}`, `why demo/${pod.name}`, 'why demo/greedy'])
    console.log(`  npm run -s berth -- --socket ${socket} ${command}`);
  console.log(
    `The other nodes: ${NODES.slice(1)
      .map(({ name }) => socket.replace('/n1/', `/${name}/`))
      .join(', ')}`,
  );
  console.log('Ctrl-C ends it and leaves nothing behind.');
}
