import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { CloudCallsReply, PoolReply } from '../../src/wire/agent/cloud.ts';
import { until } from '../agent/node-space.ts';
import { has, isRoot } from '../kernel/space.ts';
import { Actor } from './actor.ts';
import { AwsRegion, KEY } from './aws-region.ts';
import { ONE_NODE, TWO_ZONES } from './aws-topologies.ts';
import { CloudNode } from './cloud-node.ts';

// Agents as processes whose credentials end, are replaced, or whose clock is not EC2's: warm pods start, the cause is
// told, and it goes on without a restart.

const canRun = isRoot && has('ip') && has('nft') && existsSync('build/berth-cni');
const DELAYS = { attach: [200, 500], detach: [200, 500], describe: [0, 300], metadata: [100, 600] } as const;
const HOUR_MS = 3_600_000;
const PORT = 8080;

const folder = mkdtempSync(join(tmpdir(), 'berth-credentials-'));
const file = join(folder, 'credentials');
let region: AwsRegion;
const nodes: CloudNode[] = [];

function putKeys(secret: string): void {
  writeFileSync(file, `[default]\naws_access_key_id = ${KEY.id}\naws_secret_access_key = ${secret}\n`);
}

/** An agent in the instance of a name. */
async function started(of: AwsRegion, name: string, environment: Record<string, string> = {}): Promise<CloudNode> {
  const machine = of.emulator.fabric?.machine(of.instance(name));
  if (machine === undefined) throw new Error(`no machine ${name}`);
  const door = { pid: machine.pid, enter: machine.entering([]) };
  const node = new CloudNode(name, door, { pool: { cooldown: '2s', patience: '10s' } });
  nodes.push(node);
  await node.start(environment);
  await until(20_000, `${name} is warm`, async () => (await freeOn(node)) > 0);
  return node;
}

/** How many addresses it could give at once. */
async function freeOn(node: CloudNode): Promise<number> {
  const { families } = JSON.parse(await node.ask('GET /v1/pool')) as PoolReply;
  return families[0]?.free ?? 0;
}

/** All warm addresses are given, and the pod after them is refused for a reason that its own words and `why` tell. */
async function warmOnly(node: CloudNode, reason: RegExp): Promise<void> {
  await Promise.all(Array.from({ length: await freeOn(node) }, (_, i) => node.pod(`warm${i}`)));
  const refused = await node.add('later');
  expect(refused.exitCode).toBe(1);
  expect(refused.says).toMatch(reason);
  expect(await node.why(`${node.name}-later`)).toMatch(reason);
}

async function servedAgain(node: CloudNode): Promise<void> {
  await until(60_000, `${node.name} is served again`, async () => (await node.add('later')).exitCode === 0);
  expect(node.logged('started')).toHaveLength(1);
  expect(node.logged('taken from outside')).toEqual([]);
}

/** How often an outcome came of a node's calls. */
async function outcomes(node: CloudNode, outcome: string): Promise<number> {
  const { actions } = JSON.parse(await node.ask('GET /v1/cloud/calls')) as CloudCallsReply;
  return actions.reduce((sum, row) => sum + (row.outcomes[outcome] ?? 0), 0);
}

beforeAll(async () => {
  if (canRun) region = await AwsRegion.open({ topology: TWO_ZONES, manner: { delays: DELAYS }, packets: true });
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node.close();
  await region?.close();
  rmSync(folder, { recursive: true });
}, 60_000);

describe.skipIf(!canRun)('credentials and clocks of an agent that runs', () => {
  test('A41, A71: the credentials of its role have ended: the cause is told, and new ones are taken', async () => {
    const node = await started(region, 'node-1');
    region.trouble({ kind: 'lapse' }, { scope: { instance: region.instance('node-1') } });
    await warmOnly(
      node,
      /RequestExpired.*the role that asks needs ec2:\w+, valid credentials and a clock that is right/,
    );
    region.calm('lapse');
    await servedAgain(node);
  }, 120_000);

  test('A41, A71: keys in a file were replaced by others: the cause is told until the right ones are there', async () => {
    putKeys(KEY.secret);
    const node = await started(region, 'node-2', { AWS_SHARED_CREDENTIALS_FILE: file });
    putKeys('a secret that is not known');
    region.emulator.replaceKey({ ...KEY, secret: 'the next secret' });
    await warmOnly(node, /SignatureDoesNotMatch.*valid credentials/);
    putKeys('the next secret');
    await servedAgain(node);
  }, 120_000);

  test('a clock that is off by more than EC2 bears costs calls, and no pod', async () => {
    const node = await started(region, 'node-3');
    region.world.pass(20 * 60_000);
    const ips = await Promise.all(Array.from({ length: 12 }, (_, i) => node.pod(`p${i}`)));
    expect(new Set(ips).size).toBe(12);
    expect(await outcomes(node, 'denied')).toBeGreaterThan(0);
    expect(await outcomes(node, 'denied')).toBeLessThan(8);
    region.world.pass(7 * HOUR_MS); // its credentials end with that, too
    await node.pod('afterwards');
    expect(node.logged('taken from outside')).toEqual([]);
  }, 60_000);

  test('a node whose clock is eight hours ahead serves: to it the credentials had ended before it got them', async () => {
    const behind = await AwsRegion.open({
      ...{ topology: ONE_NODE, manner: { delays: DELAYS }, packets: true, aheadMs: -8 * HOUR_MS },
    });
    onTestFinished(() => behind.close());
    const node = await started(behind, 'node-1');
    onTestFinished(() => node.close());
    const [first = '', ...others] = await Promise.all(Array.from({ length: 12 }, (_, i) => node.pod(`p${i}`)));
    expect(new Set([first, ...others]).size).toBe(12);
    const [from, to] = [await node.somebody('p0', PORT), await node.somebody('p11', PORT)];
    expect(from).toBeInstanceOf(Actor);
    expect(await to.seen(first)).toBe(others.at(-1));
  }, 60_000);
});
