import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtKubernetes, STANDARD } from '../../tools/cluster/kubernetes/recipe.ts';
import { has, isRoot } from '../kernel/space.ts';
import { family, living, type Process, processes, says } from '../tour/processes.ts';
import { clusterCommand, groupsLeft, outcome } from './command.ts';

// `npm run cluster`: a real Kubernetes with Berth on its nodes. Building it is a command of its own, of a quarter of an
// hour: without it there are no tests.

const PROGRAMS = ['containerd', 'conntrack', 'busybox', 'nft', 'iptables'];
const canRun = isRoot && builtKubernetes() !== undefined && PROGRAMS.every((it) => has(it));
const onCluster = test.skipIf(!canRun);

const READY_SECONDS = 25;
const UP = 'Ctrl-C ends it';

/** Parts of a cluster, by the command lines of their processes; the first process that matches is killed. */
const PARTS: readonly (readonly [name: string, command: RegExp])[] = [
  ['the launcher', /cluster\.ts$/],
  ['the owner of the namespaces', /^unshare --mount --net --pid --fork/],
  ['the first process in them', /cluster\.ts --inside/],
  ['etcd', /berth-kube etcd/],
  ['a kubelet', /berth-kube kubelet/],
  ['containerd', /^containerd$/],
  ['the first process of a node', /init\.sh .*node-2/],
];

let folder = '';
const started: { readonly child: ChildProcess; readonly all: readonly Process[] }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
});
afterEach(async () => {
  for (const { child, all } of started.splice(0)) {
    child.kill('SIGKILL');
    for (const { pid } of living(all)) process.kill(pid, 'SIGKILL');
  }
  await expect.poll(() => groupsLeft(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

/** A cluster that stays, once it says that it is up. */
async function up(): Promise<{ readonly child: ChildProcess; readonly all: readonly Process[] }> {
  const child = clusterCommand(folder);
  const one = { child, all: [] as readonly Process[] };
  started.push(one);
  await says(child, UP);
  one.all = family(child.pid ?? 0);
  return one;
}

/** kubectl as the command says that it is used, from outside of the cluster's namespaces. */
function kubectl(...args: readonly string[]): string {
  const home = join(folder, 'berth-cluster-0');
  const env = { KUBECONFIG: join(home, 'kubeconfig'), PATH: `${join(home, 'bin')}:/usr/bin:/bin`, HOME: home };
  const { status, stdout, stderr } = spawnSync('kubectl', args, { env, encoding: 'utf8', timeout: 60_000 });
  expect(status, stdout + stderr).toBe(0);
  return stdout;
}

/** On AWS one pod of each node has an address of the first NIC, and the other one of the second. */
onCluster.for([
  ['ranges of the nodes, over IPv4 and IPv6', '--proxy-mode=iptables'],
  [
    'in two subnets, so by VXLAN as well (K8); installed by the manifest, kube-proxy in nftables mode',
    '--subnets=2',
    '--installed=manifest',
    '--proxy-mode=nftables',
  ],
  ['installed by the manifest, NICs of AWS', '--installed=manifest', '--provider=aws', '--instance-type=t3.micro'],
] as const)(
  'three nodes are Ready within 25 s of nothing; pods reach each other, a Service and ports of nodes; nothing stays: %s',
  { timeout: 240_000 },
  async ([, ...options]) => {
    const { seconds, said } = await once(options);
    expect(seconds, said).toBeLessThanOrEqual(READY_SECONDS);
  },
);

/** A cluster that proves itself and ends: how soon it was Ready. */
async function once(options: readonly string[]): Promise<{ readonly seconds: number; readonly said: string }> {
  const child = clusterCommand(folder, '--once', ...options);
  started.push({ child, all: [] });
  const { code, said } = await outcome(child);
  expect(code, said).toBe(0);
  expect(said.match(/^✓ .*/gm)?.length, said).toBe(9);
  expect(readdirSync(folder)).toEqual([]);
  expect(groupsLeft(folder)).toEqual([]);
  const [, seconds] = /3 nodes Ready ([\d.]+) s after nothing existed/.exec(said) ?? [];
  return { seconds: Number(seconds), said };
}

onCluster(
  'outside of its namespaces kubectl lists, runs, executes and reads logs; Ctrl-C ends everything',
  async () => {
    const { child, all } = await up();
    expect(kubectl('version', '-o', 'json')).toContain(`"gitVersion": "v${STANDARD}"`);
    const image = ['--image=berth.test/busybox:1', '--image-pull-policy=Never', '--restart=Never'];
    kubectl(
      'run',
      'hello',
      ...image,
      '--command',
      '--',
      '/bin/busybox',
      'sh',
      '-c',
      'echo said; exec busybox sleep 99',
    );
    kubectl('wait', '--for=condition=Ready', 'pod/hello', '--timeout=50s');
    expect(kubectl('logs', 'hello')).toBe('said\n');
    expect(kubectl('exec', 'hello', '--', '/bin/busybox', 'hostname')).toBe('hello\n');
    expect(all.length).toBeGreaterThan(20);
    child.kill('SIGINT');
    expect((await outcome(child)).code).toBe(0);
    expect(living(all).map(({ command }) => command)).toEqual([]);
    expect(processes().filter(({ command }) => command.includes(folder))).toEqual([]); // shims have others for parents
    expect(readdirSync(folder)).toEqual([]);
    expect(groupsLeft(folder)).toEqual([]);
  },
  120_000,
);

onCluster(
  'kill -9 of one part after the other: each next start cleans up and works, the last one ends with nothing left',
  async () => {
    for (const [name, part] of PARTS) {
      const { all } = await up();
      const victim = all.find(({ command }) => part.test(command));
      if (victim === undefined) throw new Error(`no ${name} among\n${all.map(({ command }) => command).join('\n')}`);
      process.kill(victim.pid, 'SIGKILL');
    }
    const before = started.flatMap(({ all }) => all);
    const { child } = await up();
    expect(living(before).map(({ command }) => command)).toEqual([]);
    child.kill('SIGINT');
    await outcome(child);
    expect(readdirSync(folder)).toEqual([]);
    expect(groupsLeft(folder)).toEqual([]);
  },
  300_000,
);
