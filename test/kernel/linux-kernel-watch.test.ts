import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KernelChange } from '../../src/io/kernel/kernel.ts';
import { LinuxKernel } from '../../src/io/kernel/linux-kernel.ts';
import { mayUnshare, Namespace } from './namespace.ts';
import { noNft } from './no-nft.ts';
import { routedPod } from './routed-pod.ts';

/** More notices than the watching socket has room for. */
const FLOOD = 'i=0; while [ $i -lt 15000 ]; do echo "link set up0 mtu $((1400 + i % 2))"; i=$((i + 1)); done';

const settle = () => new Promise((resolve) => setTimeout(resolve, 150));

describe.skipIf(!mayUnshare)('in namespaces', () => {
  let node: Namespace;
  let sandbox: Namespace;
  let kernel: LinuxKernel;
  let heard: KernelChange[];
  let unwatch: () => void;
  beforeEach(async () => {
    node = Namespace.make();
    node.run('ip link set lo up; ip link add up0 type veth peer name far; ip link set up0 up; ip link set far up');
    sandbox = Namespace.make();
    kernel = LinuxKernel.open({ netns: node.path, nft: noNft });
    heard = [];
    await kernel.ensure(routedPod(0), sandbox.path); // there before the watch begins
    await settle();
    unwatch = kernel.watch((change) => heard.push(change));
  });
  afterEach(async () => {
    unwatch();
    await kernel.close();
    node.close();
    sandbox.close();
  });
  /** What of a change is heard within a second: the promise of the operator's manual. */
  const hears = (change: Partial<KernelChange>) => expect.poll(() => heard, { timeout: 1000 }).toContainEqual(change);

  test.each([
    ['a route is deleted', 'ip route del 10.1.0.0', 'route'],
    ['a neighbour is deleted', 'ip neigh del 10.1.0.0 dev bth0', 'neighbour'],
    [
      'a neighbour is changed',
      'ip neigh replace 10.1.0.0 lladdr 02:00:00:00:00:77 dev bth0 nud permanent',
      'neighbour',
    ],
    ['a link goes down', 'ip link set bth0 down', 'link'],
    ['a setting is changed', 'echo 0 > /proc/sys/net/ipv4/conf/bth0/forwarding', 'netconf'],
    ['a link is deleted', 'ip link del bth0', 'link'],
  ] as const)('in the host: %s', async (_, command, what) => {
    node.run(command);
    await hears({ kind: 'host', what, link: 'bth0' });
  });

  test.each([
    ['a route is deleted', 'ip route del default', 'route'],
    ['an address is deleted', 'ip addr del 10.1.0.0/32 dev eth0', 'address'],
    ['an IPv6 address is deleted', 'ip addr del fd00::1/128 dev eth0', 'address'],
    ['a neighbour is deleted', 'ip neigh del 169.254.1.1 dev eth0', 'neighbour'],
    ['the link goes down', 'ip link set eth0 down', 'link'],
  ] as const)('in the pod: %s', async (_, command, what) => {
    expect(kernel.hearsPods()).toBe(true);
    sandbox.run(command);
    await hears({ kind: 'pod', what, hostLink: 'bth0' });
  });

  test('in a pod that was made while it watched', async () => {
    using second = Namespace.make();
    await kernel.ensure(routedPod(1), second.path);
    second.run('ip route del default');
    await hears({ kind: 'pod', what: 'route', hostLink: 'bth1' });
  });

  test('rules, and the addresses and routes of uplinks', async () => {
    node.run('ip rule add priority 9 lookup 5');
    await hears({ kind: 'host', what: 'rule' });
    node.run('ip addr add 192.0.2.1/24 dev up0');
    await hears({ kind: 'host', what: 'address', link: 'up0' });
    node.run('ip route add 198.51.100.0/24 dev up0');
    await hears({ kind: 'host', what: 'route', link: 'up0' });
  });

  test('its own doing is not told', async () => {
    await settle();
    heard.length = 0;
    using second = Namespace.make();
    await kernel.ensure(routedPod(1), second.path);
    await settle();
    await kernel.ensure(routedPod(1), second.path);
    await kernel.remove([...routedPod(1)].reverse(), second.path);
    await settle();
    expect(heard).toEqual([]);
  });

  test('a flood that does not fit is told as an overflow, and what comes after it is heard', async () => {
    node.run(`(${FLOOD}) | ip -batch -`); // one command, in which nothing is read here
    await hears({ kind: 'overflow' });
    heard.length = 0;
    node.run('ip route del 10.1.0.0');
    await hears({ kind: 'host', what: 'route', link: 'bth0' });
  });

  test('one flood after another, with the garbage collector at work, and deletions', { timeout: 30_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;
    const timer = setInterval(() => collect({ type: Math.random() < 0.8 ? 'minor' : 'major' }), 2);
    try {
      for (let round = 0; round < 3; round++) {
        using pod = Namespace.make();
        await kernel.ensure(routedPod(1), pod.path);
        heard.length = 0;
        node.run(`(${FLOOD}) | ip -batch -`);
        const removed = kernel.remove([...routedPod(1)].reverse(), pod.path);
        await hears({ kind: 'overflow' });
        await removed;
        node.run('ip route replace 10.1.9.0/24 dev up0; ip route del 10.1.9.0/24');
        await hears({ kind: 'host', what: 'route', link: 'up0' });
      }
    } finally {
      clearInterval(timer);
    }
  });

  test('nothing is told any more once it is not asked for', async () => {
    unwatch();
    heard.length = 0;
    node.run('ip route del 10.1.0.0');
    await settle();
    expect(heard).toEqual([]);
  });
});
