// podman with its CNI backend: a second runtime, which asks VERSION of every plugin and gives static addresses.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, agentConfig, agentOf } from './agent.ts';
import { makeFabric, placeOf, plug } from './cluster.ts';
import { TestNode } from './node.ts';
import { fetchScript, pageOf, SERVE, traces } from './pods.ts';
import { NETWORK, Podman } from './podman.ts';

const isRoot = process.getuid?.() === 0;
const version = /\d+(\.\d+)+/.exec(spawnSync('podman', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0];
const lacks = whatLacks();
const place = placeOf(1);
const OUTSIDE = '172.31.0.250';

let fabric: TestNode | undefined;
let node: TestNode | undefined;
let agent: Agent;
let podman: Podman;

beforeAll(async () => {
  if (lacks !== '') return;
  fabric = await makeFabric();
  fabric.run('ip', 'address', 'add', `${OUTSIDE}/24`, 'dev', 'sw');
  node = await TestNode.make('podman');
  plug(fabric, node, place);
  const [netDir, binDir] = [join(node.folder, 'net.d'), join(node.folder, 'bin')];
  mkdirSync(netDir);
  mkdirSync(binDir);
  copyFileSync('build/berth-cni', join(binDir, 'berth-cni'));
  const config = join(node.folder, 'agent.yaml');
  writeFileSync(config, JSON.stringify(agentConfig(node, place, [place])));
  agent = agentOf(node, config);
  await agent.start();
  const plugin = { type: 'berth-cni', capabilities: { portMappings: true, ips: true, mac: true } };
  const conflist = { cniVersion: '1.0.0', name: NETWORK, plugins: [plugin] };
  writeFileSync(join(netDir, '10-berth.conflist'), JSON.stringify(conflist));
  podman = new Podman(node, netDir, binDir);
}, 120_000);

afterAll(async () => {
  await node?.end();
  await fabric?.end();
}, 60_000);

/** podman 5 has no CNI any more. */
function whatLacks(): string {
  if (!isRoot) return 'needs root';
  if (version === undefined) return 'podman is not installed';
  return version.startsWith('4.') ? '' : `podman ${version} has no CNI backend`;
}

/** A test that is skipped, saying why, where there is no such podman. Afterwards no container and no trace is left. */
function onPodman(name: string, work: (node: TestNode) => Promise<void>): void {
  test(`podman ${version ?? ''}: ${name}`, { timeout: 180_000 }, async ({ skip }) => {
    skip(lacks !== '', lacks);
    if (node === undefined) throw new Error('there is no node');
    try {
      await work(node);
    } finally {
      await podman.run('rm', '--all', '--force', '--time', '0');
    }
    expect(traces({ node })).toEqual([]);
  });
}

/** Fetches a page from inside of a container, until it is what it should be: its server may still be starting. */
async function expectPage(from: string, host: string, page: string, port = 80): Promise<void> {
  const script = ['exec', from, '/bin/busybox', 'sh', '-c', fetchScript(host, port)];
  const got = async () => pageOf((await podman.attempt(...script)).out);
  await expect.poll(got, { timeout: 20_000, message: `${from} fetches from ${host}` }).toBe(page);
}

/** Fetches a page from a node. */
function fetchOn(from: TestNode, host: string, port: number): string {
  return pageOf(from.run('sh', '-c', `${fetchScript(host, port)} || true`));
}

onPodman('two containers ping each other and fetch pages, over IPv4 and IPv6', async () => {
  const one = await podman.start('one', [], SERVE);
  const two = await podman.start('two', [], SERVE);
  expect([one, two].map((it) => it.length)).toEqual([2, 2]);
  for (const address of two) {
    await podman.run('exec', 'one', '/bin/busybox', 'ping', '-c', '1', '-W', '5', address);
    await expectPage('one', address, 'two');
  }
  for (const address of one) await expectPage('two', address, 'one');
});

onPodman('a published port is reached from outside, from the node and from another container', async (on) => {
  if (fabric === undefined) throw new Error('there is no fabric');
  const outside = fabric;
  await podman.start('ported', ['-p', '18082:80'], SERVE);
  await podman.start('client', [], SERVE);
  const address = place.addresses[0] ?? '';
  await expect.poll(() => fetchOn(outside, address, 18_082), { timeout: 20_000 }).toBe('ported');
  expect(fetchOn(on, '127.0.0.1', 18_082)).toBe('ported');
  expect(fetchOn(on, address, 18_082)).toBe('ported');
  await expectPage('client', address, 'ported', 18_082);
  await podman.run('rm', '--force', '--time', '0', 'ported');
  expect(fetchOn(outside, address, 18_082)).toBe('');
});

onPodman('a static address is given, and refused with its holder while somebody has it', async () => {
  const wanted = '10.78.1.77';
  const net = ['--net', `${NETWORK}:ip=${wanted}`];
  const [got] = await podman.start('fixed', net, SERVE);
  expect(got).toBe(wanted);
  await expect(podman.start('second', net, SERVE)).rejects.toThrow(`${wanted} is held by container`);
  await podman.run('rm', '--force', '--time', '0', 'fixed', 'second');
});

onPodman('network reload attaches a running container anew', async () => {
  const [before] = await podman.start('reloaded', [], SERVE);
  await podman.start('client', [], SERVE);
  await podman.run('network', 'reload', 'reloaded');
  const [after] = await podman.addresses('reloaded');
  expect(before).toBeDefined();
  await expectPage('client', after ?? '', 'reloaded');
});

onPodman('the agent restarts under running containers, and one that is started meanwhile waits for it', async () => {
  const [address = ''] = await podman.start('stays', [], SERVE);
  await agent.kill('SIGKILL');
  const starting = podman.start('waits', [], SERVE);
  await agent.start();
  expect(await starting).toHaveLength(2);
  await expectPage('waits', address, 'stays');
});

onPodman('containers that are removed while no agent runs are gone when there is one again (C17)', async (on) => {
  await podman.start('left', [], SERVE);
  await agent.kill('SIGKILL');
  await podman.run('rm', '--force', '--time', '0', 'left');
  await agent.start(); // it drains the spool before it serves
  expect(traces({ node: on })).toEqual([]);
});
