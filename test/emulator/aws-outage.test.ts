import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Mishap } from '../../emulator/cloud/trouble.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import type { CloudCallsReply, PoolReply } from '../../src/wire/agent/cloud.ts';
import { until } from '../agent/node-space.ts';
import { has, isRoot } from '../kernel/space.ts';
import { AwsRegion } from './aws-region.ts';
import { CloudNode } from './cloud-node.ts';
import { Talk } from './talk.ts';

// A real minute of an API that does not do what it is for, for each of three nodes in its own way, and of metadata that
// are a minute late for a fourth: agents are processes, pods talk all the while to one of a fifth node.

const canRun = isRoot && has('ip') && has('nft') && existsSync('build/berth-cni');
const PORT = 8080;
const MINUTE_MS = 60_000;
const PAUSE_MS = 20; // between packets
const DELAYS = { attach: [200, 500], detach: [200, 500], describe: [0, 300], metadata: [100, 600] } as const;
const WARM = 3;

/** What goes wrong on a node, and what is said of it to a pod that gets no address. */
const TROUBLES: Readonly<Record<string, { readonly what: Mishap; readonly told: RegExp }>> = {
  hangs: { what: { kind: 'hang' }, told: /does not carry out \w+: .*[Tt]ime/ },
  fails: { what: { kind: 'error', status: 503 }, told: /does not carry out \w+: .*Unavailable/ },
  throttles: { what: { kind: 'throttle' }, told: /throttles \w+;/ },
};
const NAMES = [...Object.keys(TROUBLES), 'late', 'quiet'];

const ZONE = 'eu-west-1a';
const TOPOLOGY: Topology = {
  zones: [ZONE],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      subnets: [{ name: 'a', zone: ZONE, range: '10.0.1.0/24' }],
      instances: NAMES.map((name) => ({ name, subnet: 'a' })),
    },
  ],
};

let region: AwsRegion;
let peer = ''; // the pod of the quiet node
const nodes = new Map<string, CloudNode>();

function node(name: string): CloudNode {
  const found = nodes.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

async function open(): Promise<void> {
  region = await AwsRegion.open({ topology: TOPOLOGY, manner: { delays: DELAYS }, packets: true });
  for (const name of NAMES) {
    const machine = region.emulator.fabric?.machine(region.instance(name));
    if (machine === undefined) throw new Error(`no machine ${name}`);
    const door = { pid: machine.pid, enter: machine.entering([]) };
    const config = { pool: { cooldown: '2s', patience: '12s' }, cloud: { warmAddresses: WARM } };
    nodes.set(name, new CloudNode(name, door, config));
  }
  await Promise.all([...nodes.values()].map((it) => it.start()));
  await Promise.all([...nodes.values()].map((it) => it.ready()));
  peer = await node('quiet').pod('peer');
  await node('quiet').somebody('peer', PORT);
}

beforeAll(async () => {
  if (canRun) await open();
}, 60_000);
afterAll(async () => {
  for (const it of nodes.values()) await it.close();
  await region?.close();
}, 60_000);

/** How many addresses a node could give at once. */
async function freeOn(name: string): Promise<number> {
  const { families } = JSON.parse(await node(name).ask('GET /v1/pool')) as PoolReply;
  return families[0]?.free ?? 0;
}

/** Two pods of a node that talk to the quiet one from now on. */
async function twoTalking(name: string): Promise<readonly Talk[]> {
  const all = ['first', 'second'].map(async (pod) => {
    const as = await node(name).pod(pod);
    return new Talk(await node(name).somebody(pod, PORT), { as, to: peer, pauseMs: PAUSE_MS });
  });
  return Promise.all(all);
}

async function nothingLost(talks: readonly Talk[]): Promise<void> {
  for (const { sent, lost } of await Promise.all(talks.map((it) => it.stop()))) {
    expect(lost).toBe(0);
    expect(sent).toBeGreaterThan(500);
  }
}

/** Pods come and go on what the node has, and one more than that is refused, with the reason. */
async function aMinuteOnItsOwn(name: string, told: RegExp): Promise<void> {
  const it = node(name);
  const end = performance.now() + MINUTE_MS;
  const warm = Array.from({ length: await freeOn(name) }, (_, i) => `warm${i}`);
  expect(warm.length).toBeGreaterThanOrEqual(WARM);
  await Promise.all(warm.map((pod) => it.pod(pod)));
  const refused = await it.add('refused');
  expect(refused).toMatchObject({ exitCode: 1, code: 11 });
  expect(refused.says).toMatch(told);
  expect(await it.why(`${name}-refused`)).toMatch(told);
  for (let turn = 0; performance.now() < end; turn++) {
    const pod = warm[turn % warm.length] ?? '';
    expect(await it.remove(pod)).toBe(0);
    await it.pod(pod); // its address has cooled by then
  }
}

/** How many calls a node has made. */
async function callsOf(name: string): Promise<number> {
  const { actions } = JSON.parse(await node(name).ask('GET /v1/cloud/calls')) as CloudCallsReply;
  return actions.reduce((sum, { calls }) => sum + calls, 0);
}

async function trouble(name: string): Promise<void> {
  const { what, told } = TROUBLES[name] ?? { what: { kind: 'hang' }, told: /./ };
  const talks = await twoTalking(name);
  await until(20_000, `${name} is warm`, async () => (await freeOn(name)) >= WARM);
  const before = await callsOf(name);
  region.trouble(what, { name, scope: { instance: region.instance(name) } });
  await aMinuteOnItsOwn(name, told);
  expect((await callsOf(name)) - before).toBeLessThan(60);
  region.calm(name);
  await until(90_000, `${name} is served again`, async () => (await node(name).add('refused')).exitCode === 0);
  await until(30_000, `${name} is warm again`, async () => (await freeOn(name)) >= WARM);
  await nothingLost(talks);
  expect(node(name).logged('taken from outside')).toEqual([]);
}

/** A burst that needs a NIC more, whose metadata come a minute later; and a restart in the middle of it. */
async function lateMetadata(): Promise<void> {
  const name = 'late';
  const talks = [...(await twoTalking(name))];
  const what = { kind: 'lag', viewer: 'metadata', byMs: MINUTE_MS } as const;
  region.trouble(what, { scope: { instance: region.instance(name) } });
  const began = performance.now();
  const many = Array.from({ length: 11 }, (_, i) => `p${i}`);
  const given = await Promise.all(many.map((pod) => node(name).pod(pod)));
  expect(region.nics(name).length).toBeGreaterThan(1);
  for (const pod of ['p0', 'p9', 'p10']) {
    const as = given[many.indexOf(pod)] ?? '';
    talks.push(new Talk(await node(name).somebody(pod, PORT), { as, to: peer, pauseMs: PAUSE_MS }));
  }
  await node(name).end('SIGTERM');
  await node(name).start();
  await node(name).pod('after');
  await until(2 * MINUTE_MS, 'metadata have caught up', () => performance.now() - began > MINUTE_MS + 5_000);
  expect(node(name).logged('taken from outside')).toEqual([]);
  const owned = region.nics(name).flatMap(({ addresses }) => addresses.slice(1));
  expect(given.filter((ip) => !owned.some((one) => one === ip))).toEqual([]);
  await nothingLost(talks);
  region.calm('lag');
}

describe.skipIf(!canRun)('a minute of trouble', () => {
  test('A24, A41, A43: a silent, failing or throttling API, and late metadata, cost no packet and no warm pod', async () => {
    region.emulator.fabric?.forgetDrops();
    await Promise.all([...Object.keys(TROUBLES).map(trouble), lateMetadata()]);
    expect((region.emulator.fabric?.drops() ?? []).map(({ sentence }) => sentence)).toEqual([]);
  }, 240_000);

  test('A19: a stream over TCP goes on while the agent is killed and started, and loses no byte', async () => {
    const [from, to] = [node('hangs'), node('quiet')];
    await (await to.somebody('peer', PORT)).echo(7_007);
    const talker = await from.somebody('first', PORT);
    await talker.stream(peer, 7_007);
    for (const it of [from, to]) {
      await it.end('SIGKILL');
      await it.start();
      await it.ready();
      await it.pod('beside'); // the node's rules were gone through again
    }
    const said = await talker.endStream();
    expect(said).toMatch(/^\d+ lines, all came back$/);
    expect(Number.parseInt(said, 10)).toBeGreaterThan(1_000);
  }, 60_000);
});
