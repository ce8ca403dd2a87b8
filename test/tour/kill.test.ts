import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { has } from '../kernel/space.ts';
import { family, living, type Process, says } from './processes.ts';

// `npm start`: whatever of it is killed, the next start cleans up and works.

const canRun = existsSync('build/berth-cni') && ['unshare', 'nsenter', 'ip'].every((it) => has(it));

type Part = readonly [name: string, command: RegExp];

/** What both tours have, and ranges of the nodes. The first process that matches is killed, from the launcher on. */
const PARTS: readonly Part[] = [
  ['the launcher', /demo\.ts --provider/],
  ['the owner of the namespaces', /^unshare /],
  ['the first process in them, which made the fabric', /demo\.ts --inside/],
  ['an agent', / agent --config /],
  ['the process of a pod', /demo\/pod\.ts/],
];

/** What only the tour of the emulated VPC has. */
const VPC_PARTS: readonly Part[] = [
  ['the emulator', / emulator --admin /],
  ['an instance', /^unshare --net --mount --pid --uts /],
  ['the host in the internet', /demo\/pod\.ts/],
  ['the runtime of a node', /vpc\/runtime\.ts/],
  ['an agent', / agent --config /],
];

let folder = '';
const started: { readonly child: ChildProcess; readonly all: readonly Process[] }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-tour-'));
});
afterEach(() => {
  for (const { child, all } of started.splice(0)) {
    child.kill('SIGKILL');
    for (const { pid } of living(all)) process.kill(pid, 'SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the tour in a folder of its own, so that it meets nobody else's. */
function start(...args: string[]): ChildProcess {
  const env = { ...process.env, TMPDIR: folder };
  return spawn(process.execPath, ['tools/demo.ts', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function kill(all: readonly Process[], part: RegExp): void {
  const victim = all.find(({ command }) => part.test(command));
  if (victim === undefined) throw new Error(`no such part among\n${all.map(({ command }) => command).join('\n')}`);
  process.kill(victim.pid, 'SIGKILL');
}

/** A whole tour, to its good end. */
async function succeeds(...args: string[]): Promise<void> {
  const child = start(...args);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (said += String(bytes)));
  started.push({ child, all: [] });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, said).toBe(0);
}

test.skipIf(!canRun).for(PARTS)(
  'kill -9 of %s: the next start cleans up, and its tour succeeds',
  { timeout: 90_000 },
  async ([, part]) => {
    const first = start('--provider', 'podcidr');
    await says(first, 'Everything stays up');
    const all = family(first.pid ?? 0);
    started.push({ child: first, all });
    expect(all.length).toBeGreaterThan(10); // launcher, owner, three agents, six pods, a host outside
    kill(all, part);

    await succeeds('--provider', 'podcidr', '--once');
    const left = living(all).filter(({ pid }) => pid !== first.pid);
    expect(left.map(({ command }) => command)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    await expect.poll(() => living(all).length, { timeout: 5_000 }).toBe(0); // the launcher that lost its own
  },
);

test.skipIf(!canRun)(
  'the VPC: kill -9 of one part after the other while pods arrive; each start cleans up, the last tour succeeds',
  { timeout: 240_000 },
  async () => {
    const before: (readonly Process[])[] = [];
    for (const [, part] of VPC_PARTS) {
      const child = start();
      await says(child, 'pods at once');
      expect(before.flatMap((all) => living(all)).map(({ command }) => command)).toEqual([]);
      const all = family(child.pid ?? 0);
      started.push({ child, all });
      kill(all, part);
      before.push(all.filter(({ pid }) => pid !== child.pid)); // the launcher, if it lost its own, tells and ends
    }
    await succeeds('--once');
    await expect.poll(() => before.flatMap((all) => living(all)).length, { timeout: 5_000 }).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  },
);
