import { spawnSync } from 'node:child_process';
import { berthCommand } from '../../agent-command.ts';
import { admin } from '../agent.ts';
import { run } from '../processes.ts';
import { doing, table } from '../table.ts';
import { isRefused } from './burst.ts';
import type { DemoCloud } from './cloud.ts';
import type { DemoNode, DemoPod } from './nodes.ts';

/** The host beyond the internet gateway: emulator/fabric/fabric.ts. */
const OUTSIDE = '198.51.100.1';
/** An address of RFC 5737, and node-2. */
const [FORGED, VICTIM] = ['192.0.2.77', '10.0.0.11'] as const;
const TOLD_MS = 120_000;
const LOOK_MS = 200;

/** Node, NIC, pod, address and how long the runtime waited. */
export async function showPods(cloud: DemoCloud, pods: readonly DemoPod[]): Promise<void> {
  const holders = await nicsByAddress(cloud);
  const rows = pods
    .map((pod) => [pod.node.name, holders.get(pod.address) ?? '', pod.name, pod.address, pod.addMs.toFixed(0)])
    .toSorted(([a = '', b = ''], [c = '', d = '']) => a.localeCompare(c) || b.localeCompare(d));
  console.log(`\n${table([['NODE', 'NIC', 'POD', 'ADDRESS', 'ADD MS'], ...rows])}\n`);
}

async function nicsByAddress(cloud: DemoCloud): Promise<ReadonlyMap<string, string>> {
  const { instances } = await cloud.summary();
  const nics = instances.flatMap((it) => it.nics);
  return new Map(
    nics.flatMap(({ id, device, addresses }) => addresses.map((one) => [one, `${device} ${id}`] as const)),
  );
}

/** Every pod calls every pod, and must be seen with its own address. Throws when one is not. */
export async function showMatrix(pods: readonly DemoPod[]): Promise<void> {
  const faults: string[] = [];
  const rowOf = async (from: DemoPod) => {
    const seen = await Promise.all(pods.map((to) => from.node.seenAs(from, to.address)));
    const wrong = seen.flatMap((saw, i) => (saw === from.address ? [] : [`${from.name} → ${pods[i]?.name}: ${saw}`]));
    faults.push(...wrong);
    return `${from.name}   ${seen.map((saw) => (saw === from.address ? '+' : 'x')).join('')}`;
  };
  console.log("TCP from row to column; +: connected, and the source address was the pod's own");
  for (const pod of pods) console.log(await rowOf(pod));
  if (faults.length > 0) throw new Error(`${faults.length} of the pod pairs do not reach each other: ${faults[0]}`);
  console.log(`${pods.length} × ${pods.length} pairs\n`);
}

/** A pod of each node calls a host in the internet, which must see the node's public address. */
export async function showEgress(cloud: DemoCloud, pods: readonly DemoPod[]): Promise<void> {
  const { instances } = await cloud.summary();
  for (const { name, nics } of instances.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const pod = pods.findLast(({ node }) => node.name === name);
    if (pod === undefined) continue;
    const [saw, outside] = [await pod.node.seenAs(pod, OUTSIDE), nics[0]?.publicAddress];
    if (saw !== outside) throw new Error(`egress: ${OUTSIDE} saw ${saw}, not ${outside}`);
    console.log(`${pod.name} (${pod.address}) called ${OUTSIDE} in the internet; it was seen as ${saw}, ${name}`);
  }
}

/** The VPC dropped nothing of what was sent so far. Throws when it did. */
export async function showNoDrops(cloud: DemoCloud): Promise<void> {
  const drops = await cloud.drops();
  if (drops.length > 0) throw new Error(`the VPC dropped packets:\n${drops.join('\n')}`);
  show(cloud, 'emulator', 'drops');
}

/** What is not ours is dropped, and told: somebody sends from an address that his NIC does not hold. */
export function showDrop(cloud: DemoCloud): void {
  const call = `require('net').connect({ host: '${VICTIM}', port: 8080, localAddress: '${FORGED}' })
    .setTimeout(300, function () { this.destroy() })`;
  const script = 'ip address add "$1"/32 dev lo && shift && "$@"; ip address delete "$0"/32 dev lo';
  run(...cloud.into('node-1')('sh', ['-c', script, FORGED, FORGED, process.execPath, '-e', call]));
  console.log(`A process on node-1 sends from ${FORGED} to ${VICTIM}:`);
  show(cloud, 'emulator', 'drops', '--forget');
}

/** Somebody takes the rest of a subnet; pods come until one is refused. Answers those that were not. */
export async function showDrySubnet(cloud: DemoCloud, node: DemoNode): Promise<readonly DemoPod[]> {
  const { subnets } = await cloud.summary();
  const subnet = subnets.find(({ name }) => name === 'subnet-b');
  if (subnet === undefined) throw new Error('there is no subnet-b');
  await cloud.takeAddresses(subnet.id, subnet.free);
  console.log(
    `\nAnother team takes the last ${subnet.free} addresses of subnet-b, ${subnet.range}. More pods on ${node.name}:`,
  );
  const pods: DemoPod[] = [];
  for (let i = 1; ; i++) {
    const name = `late-${i}`;
    const pod = await node.add(name);
    if (isRefused(pod)) {
      console.log(`  ${name}: code ${pod.code}: ${pod.msg}\n    ${pod.details}`);
      show(node, 'why', `demo/${name}`);
      show(node, 'pool');
      return pods;
    }
    console.log(`  ${name}: ${pod.address}, which was free already, in ${pod.addMs.toFixed(0)} ms`);
    pods.push(pod);
  }
}

/** Somebody detaches a NIC; the agent notices, and tells of the pods that lost their addresses. */
export async function showLostNic(cloud: DemoCloud, node: DemoNode, pods: readonly DemoPod[]): Promise<void> {
  const { instances } = await cloud.summary();
  const [, ...more] = instances.find(({ name }) => name === node.name)?.nics ?? [];
  const pod = pods.find(({ address }) => more.some(({ addresses }) => addresses.includes(address)));
  const nic = more.find(({ addresses }) => addresses.includes(pod?.address ?? ''));
  if (nic === undefined || pod === undefined) throw new Error(`${node.name} has no pod on a second NIC`);
  console.log(`\nSomebody detaches ${nic.id} from ${node.name} behind everybody's back.`);
  const before = await sentences(pod);
  await cloud.detach(nic.id);
  await doing('the agent has asked EC2 until it was sure', () => told(pod, before));
  show(node, 'why', `demo/${pod.name}`);
  show(node, 'nics');
}

/** Resolves when there is more to tell of a pod than before. */
async function told(pod: DemoPod, before: number): Promise<void> {
  const began = performance.now();
  while ((await sentences(pod)) === before) {
    if (performance.now() - began > TOLD_MS) throw new Error(`nobody told of ${pod.name} within two minutes`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function sentences({ name, node }: DemoPod): Promise<number> {
  const { sentences: all } = JSON.parse(await admin(node.agent, `/v1/why?q=demo/${name}`)) as { sentences: unknown[] };
  return all.length;
}

/** Runs a command as a person would, and shows it with what it says. */
function show(of: DemoNode | DemoCloud, ...words: readonly string[]): void {
  const { program, args } = berthCommand(...words);
  const sockets = 'agent' in of ? { BERTH_ADMIN_SOCKET: of.agent.adminSocket } : { BERTH_EMULATOR: of.socket };
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...sockets } });
  console.log(`${'agent' in of ? `${of.name} ` : ''}$ berth ${words.join(' ')}\n${indented(stdout + stderr)}`);
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '  ');
}

/** What to try while the demo stays up. */
export function showCommands(folder: string, cloud: DemoCloud, [pod]: readonly DemoPod[]): void {
  if (pod === undefined) return;
  const commands = ['nics', 'pool', 'cloud calls', 'pods', `why demo/${pod.name}`, `explain demo/${pod.name}`];
  console.log('\nEverything stays up. Try, in another terminal:');
  console.log(`  export BERTH_ADMIN_SOCKET=${pod.node.agent.adminSocket} BERTH_EMULATOR=${cloud.socket}`);
  for (const command of [...commands, 'emulator describe', 'emulator drops', 'emulator calls'])
    console.log(`  npm run -s berth -- ${command}`);
  console.log(
    `  ${folder}/enter npm run -s berth -- emulator exec ${pod.node.name} -- ip netns exec ${pod.name} ip address`,
  );
  console.log('Ctrl-C ends it and leaves nothing behind.');
}
