import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { isRoot } from '../kernel/space.ts';
import { id, SmallCloud } from './small-cloud.ts';
import { Stage } from './stage.ts';

const OWNER = new URL('fabric-owner.ts', import.meta.url).pathname;
const UNSHARE = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--mount-proc',
  '--kill-child=KILL',
];

/** All network namespaces that any process is in or holds open. */
function namespaces(): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (path: string) => {
    try {
      const there = readlinkSync(path);
      if (there.startsWith('net:[')) found.add(there);
    } catch {
      // gone while we looked
    }
  };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    look(`/proc/${pid}/ns/net`);
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) look(`/proc/${pid}/fd/${fd}`);
    } catch {
      // gone while we looked
    }
  }
  return found;
}

async function until(what: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100 && !what(); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  return what();
}

test.skipIf(!isRoot)('an owner that is killed leaves no process and no namespace', async () => {
  const owner = spawn(process.execPath, [OWNER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const { pids, enter } = JSON.parse(line) as { pids: number[]; enter: [string, ...string[]] };
  const [program, ...words] = enter;
  expect(spawnSync(program, words).status).toBe(0);
  const spaces = pids.map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
  expect(spaces.every((space) => namespaces().has(space))).toBe(true);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))).toBe(true);
  expect(await until(() => spaces.every((space) => !namespaces().has(space)))).toBe(true);
});

test.skipIf(!isRoot)('a fabric that is closed lets its process end', async () => {
  const out = execFileSync(process.execPath, [OWNER, '--and-end'], { encoding: 'utf8', timeout: 15_000 });
  const { pids } = JSON.parse(out) as { pids: number[] };
  expect(await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))).toBe(true);
});

test.skipIf(!isRoot)('an ordinary user has one too, in a user namespace', () => {
  const words = [...UNSHARE, '--propagation', 'private', '--', process.execPath, OWNER, '--and-end'];
  const done = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'unshare', ...words], {
    encoding: 'utf8',
    timeout: 15_000,
  });
  expect(done.stderr).toBe('');
  expect(JSON.parse(done.stdout)).toMatchObject({ pids: [expect.any(Number), expect.any(Number), expect.any(Number)] });
});

test.skipIf(!isRoot)('a machine that somebody ends is there again after the next look, with its NICs', async () => {
  const cloud = new SmallCloud();
  cloud.subnet('subnet-a', 'z1', '10.0.1.0/24');
  cloud.machine('a', 'subnet-a', '10.0.1.10');
  cloud.machine('b', 'subnet-a', '10.0.1.11');
  cloud.nic('eni-b2', 'subnet-a', '10.0.1.12', { at: ['i-b', 1] });
  const stage = await Stage.open(cloud);
  try {
    const { pid } = stage.machine('i-b');
    process.kill(pid, 'SIGKILL');
    await until(() => !stage.machine('i-b').alive);
    await stage.show();
    expect(stage.machine('i-b').pid).not.toBe(pid);
    expect(await stage.run('i-b', 'ip -br link')).toContain('eth1');
    expect(await stage.run('i-a', 'busybox ping -c1 -W1 10.0.1.11')).toContain('1 packets received');
  } finally {
    await stage.close();
  }
});

test.skipIf(!isRoot)(
  'a name that the instance has taken itself is told, and the NIC comes once it is free',
  async () => {
    const cloud = new SmallCloud();
    cloud.subnet('subnet-a', 'z1', '10.0.1.0/24');
    cloud.machine('a', 'subnet-a', '10.0.1.10');
    cloud.machine('b', 'subnet-a', '10.0.1.11');
    const stage = await Stage.open(cloud);
    try {
      await stage.run('i-a', 'ip link add eth1 type veth peer name other');
      cloud.nic('eni-a2', 'subnet-a', '10.0.1.12', { at: ['i-a', 1] });
      await expect(stage.show()).rejects.toThrow('EEXIST');
      expect(await stage.run('i-a', 'busybox ping -c1 -W1 10.0.1.11')).toContain('1 packets received');
      await stage.run('i-a', 'ip link del eth1');
      await stage.show();
      const mac = String(cloud.nics.get(id('eni-a2'))?.mac);
      expect(await stage.run('i-a', 'ip -o link show eth1')).toContain(mac);
    } finally {
      await stage.close();
    }
  },
);

test.skipIf(!isRoot)(
  'twenty instances with four NICs each stand within seconds, and one more NIC within a fraction of one',
  async () => {
    const cloud = new SmallCloud();
    cloud.subnet('subnet-a', 'z1', '10.0.0.0/20');
    for (let i = 0; i < 20; i++) {
      cloud.machine(`${i}`, 'subnet-a', `10.0.1.${i + 10}`);
      for (let device = 1; device < 4; device++)
        cloud.nic(`eni-${i}-${device}`, 'subnet-a', `10.0.${device + 1}.${i + 10}`, { at: [`i-${i}`, device] });
    }
    const begun = performance.now();
    const stage = await Stage.open(cloud);
    try {
      const stood = performance.now() - begun;
      cloud.nic('eni-more', 'subnet-a', '10.0.9.9', { at: ['i-7', 4] });
      const asked = performance.now();
      await stage.fabric.reconcile(cloud, [{ id: id('eni-more') }]);
      const attached = performance.now() - asked;
      expect(await stage.run('i-7', 'ip -br link show eth4')).toContain('DOWN');
      expect(await stage.run('i-0', 'busybox ping -c1 -W1 10.0.1.29')).toContain('1 packets received');
      console.log(`20 instances, 80 NICs: ${stood.toFixed(0)} ms; one NIC more: ${attached.toFixed(1)} ms`);
      expect(stood).toBeLessThan(10_000);
      expect(attached).toBeLessThan(500);
    } finally {
      await stage.close();
    }
  },
);
