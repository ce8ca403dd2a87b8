import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FRAME_VERSION } from '../../src/wire/agent/frame.ts';
import type { AgentCommand } from '../../tools/agent-command.ts';
import { canRun, NodeSpace, PATHS } from './node-space.ts';

// Upgrades and the ways back, with executables and agents that are versions of the frame and formats of the journal
// apart: the executable is built for each version, and a later agent is ours with other numbers.

const VERSIONS = [-1, 0, 1, 2].map((by) => FRAME_VERSION + by);
const PODS = 100;
let directory = '';
let node: NodeSpace;
const ips: string[] = [];

const executable = (version: number) => join(directory, `berth-cni-${version}`);

/** The agent that is so many versions later. */
const agentLater =
  (by: number) =>
  (config: string): AgentCommand => {
    const args = [join(directory, `later-${by}/berth.mjs`), 'agent', '--config', config];
    return { program: process.execPath, args, env: {} };
  };

/** One call by the executable of a version: exit code and what it printed. */
function call(version: number, verb: 'ADD' | 'DEL', pod: string): { code: number | null; stdout: string } {
  if (verb === 'ADD') node.sh(`ip netns add ${pod}`);
  const [program = '', ...words] = node.inside(executable(version));
  const { status, stdout } = spawnSync(program, words, {
    encoding: 'utf8',
    input: JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni' }),
    env: {
      ...{ PATH: process.env['PATH'], CNI_COMMAND: verb, CNI_CONTAINERID: pod, CNI_IFNAME: 'eth0', CNI_PATH: '/x' },
      ...{ CNI_NETNS: `/run/netns/${pod}`, BERTH_SOCKET: PATHS.socket, BERTH_SPOOL: PATHS.spool },
    },
  });
  return { code: status, stdout };
}

/** Asks all pods from the node, until it is told to stop. */
function probing(): { stop: () => Promise<{ asked: number; lost: number }> } {
  const [program = '', ...words] = node.inside(process.execPath, resolve('test/agent/prober.ts'));
  const child: ChildProcess = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdin?.write(`${ips.join(' ')}\n`);
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  return {
    stop: async () => {
      child.stdin?.end();
      await ended;
      const [asked = 0, lost = 0] = said.split(' ').map(Number);
      return { asked, lost };
    },
  };
}

/** How many attachments the agent has. */
async function attachments(): Promise<number> {
  return (JSON.parse(await node.ask('GET /v1/status')) as { attachments: number }).attachments;
}

/** Comes and goes by the executable of each version that an agent must understand. */
function comesAndGoes(versions: readonly number[]): void {
  for (const version of versions) {
    const pod = `v${version}`;
    expect(call(version, 'ADD', pod)).toMatchObject({ code: 0, stdout: expect.stringContaining('10.79.') });
    expect(call(version, 'DEL', pod)).toEqual({ code: 0, stdout: '' });
    node.sh(`ip netns delete ${pod}`);
  }
}

beforeAll(async () => {
  if (!canRun) return;
  directory = mkdtempSync(join(tmpdir(), 'berth-versions-'));
  for (const version of VERSIONS)
    execFileSync(process.execPath, [
      ...['tools/build.ts', '--frame-version', `${version}`, '--output', executable(version)],
    ]);
  for (const by of [1, 2])
    execFileSync(process.execPath, ['tools/bundle.ts', join(directory, `later-${by}`), '--later', `${by}`]);
  node = await NodeSpace.open({ network: { ranges: ['10.79.0.0/24'] }, paths: PATHS });
  for (let i = 0; i < PODS; i++) ips.push((await node.add(`p${i}`)).ip);
}, 120_000);
afterAll(async () => {
  await node?.close();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
}, 60_000);

describe.skipIf(!canRun)('executable and agent a version apart', () => {
  test('A20: an agent serves the executable of the version before, its own, and the next', () => {
    comesAndGoes(VERSIONS);
  }, 30_000);

  test('A20, A21: an upgrade and a rollback under 100 pods: each is answered, and none is out of reach', async () => {
    const probes = probing();
    const spooled = call(FRAME_VERSION, 'ADD', 'early');
    expect(spooled.code).toBe(0);
    await node.end('SIGTERM');
    expect(call(FRAME_VERSION, 'DEL', 'early').code).toBe(0); // spooled by one version, carried out by the next
    await node.start([], agentLater(1));
    comesAndGoes([FRAME_VERSION, FRAME_VERSION + 1]);
    expect(await attachments()).toBe(PODS);
    await node.end('SIGTERM');
    await node.start();
    comesAndGoes([FRAME_VERSION + 1, FRAME_VERSION]);
    expect(await attachments()).toBe(PODS);
    const { asked, lost } = await probes.stop();
    expect(asked).toBeGreaterThan(10 * PODS);
    expect(lost / asked).toBeLessThanOrEqual(0.001);
  }, 60_000);

  test('A20: a node that skips a version and goes back loses no claim, neither in the journal nor in the spool', async () => {
    const [now, skipping] = [FRAME_VERSION, FRAME_VERSION + 2];
    for (const pod of ['before', 'spooled']) expect(call(now, 'ADD', pod).code).toBe(0);
    await node.end('SIGTERM');
    expect(call(now, 'DEL', 'spooled').code).toBe(0);
    await node.start([], agentLater(2));
    expect(await attachments()).toBe(PODS + 1);
    comesAndGoes([now, skipping]);
    expect(call(skipping, 'DEL', 'before').code).toBe(0);
    for (const pod of ['after', 'back']) expect(call(skipping, 'ADD', pod).code).toBe(0);
    await node.end('SIGTERM');
    expect(call(skipping, 'DEL', 'back').code).toBe(0);
    await node.start();
    expect(await attachments()).toBe(PODS + 1);
    expect(node.logged('recovered')).toEqual([]);
    comesAndGoes([skipping, now]);
    expect(call(now, 'DEL', 'after').code).toBe(0);
    expect(await attachments()).toBe(PODS);
  }, 60_000);
});
