import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FRAME_VERSION } from '../../src/wire/agent/frame.ts';
import type { AgentCommand } from '../../tools/agent-command.ts';
import { canRun, NodeSpace, PATHS } from './node-space.ts';

// An upgrade and the way back, with executables and agents that are a version of the frame apart: the executable is
// built for each version, and the next agent is ours with another number.

const VERSIONS = [FRAME_VERSION - 1, FRAME_VERSION, FRAME_VERSION + 1] as const;
const PODS = 100;
let directory = '';
let node: NodeSpace;
const ips: string[] = [];

const executable = (version: number) => join(directory, `berth-cni-${version}`);

/** The agent of the next version. */
function nextAgent(config: string): AgentCommand {
  const args = [join(directory, 'next/src/berth.ts'), 'agent', '--config', config];
  return { program: process.execPath, args, env: {} };
}

function makeNextAgent(): void {
  cpSync('src', join(directory, 'next/src'), { recursive: true });
  cpSync('package.json', join(directory, 'next/package.json'));
  symlinkSync(resolve('node_modules'), join(directory, 'next/node_modules'));
  const path = join(directory, 'next/src/wire/agent/frame.ts');
  const [before, after] = [`FRAME_VERSION = ${FRAME_VERSION};`, `FRAME_VERSION = ${FRAME_VERSION + 1};`];
  const text = readFileSync(path, 'utf8');
  if (!text.includes(before)) throw new Error(`${path} has no "${before}"`);
  writeFileSync(path, text.replace(before, after));
}

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
  makeNextAgent();
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
    await node.start([], nextAgent);
    comesAndGoes([FRAME_VERSION, FRAME_VERSION + 1]);
    const attachments = async () =>
      (JSON.parse(await node.ask('GET /v1/status')) as { attachments: number }).attachments;
    expect(await attachments()).toBe(PODS);
    await node.end('SIGTERM');
    await node.start();
    comesAndGoes([FRAME_VERSION + 1, FRAME_VERSION]);
    expect(await attachments()).toBe(PODS);
    const { asked, lost } = await probes.stop();
    expect(asked).toBeGreaterThan(10 * PODS);
    expect(lost / asked).toBeLessThanOrEqual(0.001);
  }, 60_000);
});
