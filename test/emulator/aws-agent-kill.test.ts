import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../src/base/random.ts';
import type { GcReply } from '../../src/wire/agent/status.ts';
import type { NicsReply } from '../../src/wire/agent/cloud.ts';
import { until } from '../agent/node-space.ts';
import { has, isRoot } from '../kernel/space.ts';
import { AwsRegion } from './aws-region.ts';
import { TWO_ZONES } from './aws-topologies.ts';
import { CloudNode } from './cloud-node.ts';

// kill -9 in the middle of bursts, fifty times, while now and then an answer of the cloud is lost: nothing is leaked,
// lost or given twice.

const canRun = isRoot && has('ip') && has('nft') && existsSync('build/berth-cni');
const KILLS = 50;
const MOST_PODS = 22; // of 27: what cools has room
const DELAYS = { attach: [100, 400], detach: [100, 400], describe: [0, 300], metadata: [100, 600] } as const;

let region: AwsRegion;
let node: CloudNode;
const random = seeded(11);
const held = new Map<string, string>(); // addresses of pods that were told them
let serial = 0;

beforeAll(async () => {
  if (!canRun) return;
  region = await AwsRegion.open({ topology: TWO_ZONES, manner: { delays: DELAYS }, packets: true });
  const machine = region.emulator.fabric?.machine(region.instance('node-1'));
  if (machine === undefined) throw new Error('no machine');
  const door = { pid: machine.pid, enter: machine.entering([]) };
  node = new CloudNode('node-1', door, { pool: { cooldown: '1s', patience: '10s' } });
  await node.start();
  region.trouble({ kind: 'lose' }, { chance: 0.1 });
}, 60_000);
afterAll(async () => {
  await node?.close();
  await region?.close();
}, 60_000);

/** As a runtime does: what failed is taken back, until that succeeds. */
async function attach(): Promise<void> {
  const pod = `p${serial++}`;
  const { exitCode, ip } = await node.add(pod);
  if (exitCode !== 0) return detach(pod);
  expect([...held.values()], `${ip} was given twice`).not.toContain(ip);
  held.set(pod, ip);
}

async function detach(pod: string): Promise<void> {
  held.delete(pod); // from here on it may be somebody else's
  await until(120_000, `DEL of ${pod}`, async () => (await node.remove(pod)) === 0);
}

/** Of those under way, whose kill they may have to sit out. */
const going = new Set<Promise<void>>();

function begin(work: () => Promise<void>): void {
  const mine = work().finally(() => going.delete(mine));
  going.add(mine);
}

/** A few pods come and a few go, and in the middle of that the agent is killed and started again. */
async function round(): Promise<void> {
  const some = 1 + Math.floor(random.fraction() * 5);
  const goes = held.size + going.size + some > MOST_PODS ? some + 2 : Math.floor(random.fraction() * 3);
  for (const pod of [...held.keys()].slice(0, goes)) begin(() => detach(pod));
  if (going.size < MOST_PODS) for (let i = 0; i < some; i++) begin(attach);
  const when = random.fraction() * 600;
  await new Promise((resolve) => setTimeout(resolve, when));
  await node.end('SIGKILL');
  await node.start();
}

/** What the agent believes of its NICs: how many addresses are on each. */
async function believed(): Promise<string> {
  const { nics } = JSON.parse(await node.ask('GET /v1/nics')) as NicsReply;
  const count = ({ addresses }: NicsReply['nics'][number]) =>
    addresses.reduce((sum, { used, cooling, free, kept }) => sum + used + cooling + free + kept, 0);
  return lines(nics.map((nic) => `${nic.id} ${count(nic)}`));
}

/** The cloud's own truth about the same. */
function truth(): string {
  return lines(region.nics('node-1').map(({ id, addresses }) => `${id} ${addresses.length - 1}`));
}

const lines = (some: readonly string[]) => some.toSorted().join('\n');

describe.skipIf(!canRun)(`an agent that is killed ${KILLS} times while pods come and go`, () => {
  test('A16, A26: gives no address twice and loses none; no NIC and no address is left that nobody knows of', async () => {
    for (let kill = 0; kill < KILLS; kill++) await round();
    region.calm('lose');
    await Promise.all(going);
    await until(30_000, 'the agent and the cloud agree', async () => (await believed()) === truth());
    const owned = region.nics('node-1').flatMap(({ addresses }) => addresses.slice(1));
    expect([...held.values()].filter((it) => !owned.some((one) => one === it))).toEqual([]);
    const nics = [...region.world.cloud.nics.values()];
    expect(nics.filter(({ attachment }) => attachment === undefined).map(({ id }) => id)).toEqual([]);
    const status = JSON.parse(await node.ask('GET /v1/status')) as { attachments: number };
    expect(status.attachments).toBe(held.size);
    const { removed } = JSON.parse(await node.ask('POST /v1/gc', {}, { dryRun: true })) as GcReply;
    expect(removed).toEqual([]);
    expect(node.logged('two records of one address')).toEqual([]);
    expect(region.nics('node-1').length).toBeGreaterThan(1); // or nothing was shown about NICs
  }, 480_000); // two seconds a kill, where the machine has more to do
});
