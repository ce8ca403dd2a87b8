import { expect, test } from 'vitest';
import { interfaceAddress, prefix } from '../../base/ip.ts';
import type { Item } from '../../core/datapath/plan.ts';
import { apply, retract } from './execute.ts';
import { FakeKernel } from './fake-kernel.ts';
import { kernelCases } from './kernel-cases.ts';
import type { KernelChange } from './kernel.ts';
import { KernelError } from './kernel.ts';
import { bridgeNode, one, podOf, routedNode } from './kernel-scene.ts';

const SANDBOX = '/run/netns/a';

function stage() {
  const kernel = new FakeKernel();
  let count = 0;
  const sandbox = async () => {
    const path = `/run/netns/${++count}`;
    kernel.world.addSandbox(path);
    return path;
  };
  const dropSandbox = async (path: string) => kernel.dropSandbox(path);
  return { kernel, outside: new FakeKernel(kernel.world), sandbox, dropSandbox };
}

async function withPod() {
  const kernel = new FakeKernel();
  kernel.world.addSandbox(SANDBOX);
  await apply(kernel, routedNode);
  await apply(kernel, podOf(5), SANDBOX);
  return kernel;
}

test.each(kernelCases)('$name', ({ run }) => run(stage()));

test('a clone is a world of its own', async () => {
  const kernel = await withPod();
  const before = kernel.items();
  const copy = new FakeKernel(kernel.world.clone());
  await retract(copy, podOf(5), SANDBOX);
  expect(kernel.items()).toEqual(before);
  expect(copy.items()).not.toEqual(before);
});

test('a reboot leaves the links of the machine and nothing else', async () => {
  const kernel = await withPod();
  kernel.world.hostLinks = [{ name: 'ens3', mtuBytes: 1500, up: true, addresses: [], defaultRoute: [] }];
  kernel.world.reboot();
  expect(kernel.items()).toEqual([]);
  expect(kernel.sandboxExists(SANDBOX)).toBe(false);
  expect(await kernel.hostLinks()).toHaveLength(1);
});

test('a fault is answered where it was put, before anything is touched', async () => {
  const kernel = await withPod();
  const before = kernel.items();
  const fault = new KernelError('denied', 'EPERM', { errno: 'EPERM' });
  kernel.failOn = (item, verb) => (verb === 'remove' && item?.kind === 'veth' ? fault : undefined);
  const left = await kernel.remove([one(podOf(5), 'veth')], SANDBOX);
  expect(left).toEqual([{ item: one(podOf(5), 'veth'), error: fault }]);
  expect(kernel.items()).toEqual(before);
  kernel.failOn = (_, verb) => (verb === 'observe' ? fault : undefined);
  await expect(kernel.observe(podOf(5), SANDBOX)).rejects.toBe(fault);
});

test('a process can be stopped before every item and before the answer', async () => {
  for (let stop = 0; stop <= podOf(5).length; stop++) {
    const kernel = new FakeKernel();
    kernel.world.addSandbox(SANDBOX);
    await apply(kernel, routedNode);
    const before = kernel.items().length;
    let pauses = 0;
    kernel.pause = () => (pauses++ === stop ? new Promise(() => {}) : Promise.resolve());
    let answered = false;
    void kernel.ensure(podOf(5), SANDBOX).then(() => {
      answered = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(answered).toBe(false);
    const things = kernel.items().slice(before);
    // both ends of a veth are up at once: two items more than were asked for by then
    expect(new Set(things.filter(({ kind }) => kind !== 'up')).size).toBe(
      podOf(5)
        .slice(0, stop)
        .filter(({ kind }) => kind !== 'up').length,
    );
  }
});

test('a killed process hears nothing, answers nothing, and leaves the world as it was', async () => {
  const kernel = await withPod();
  const heard: KernelChange[] = [];
  kernel.watch((change) => heard.push(change));
  kernel.kill();
  let answered = false;
  void kernel.remove(podOf(5), SANDBOX).then(() => {
    answered = true;
  });
  const next = new FakeKernel(kernel.world);
  next.deleteFromOutside(one(podOf(5), 'route'));
  await new Promise((done) => setImmediate(done));
  expect([answered, heard]).toEqual([false, []]);
  expect(await next.macOf(one(podOf(5), 'veth').host)).toBe(one(podOf(5), 'veth').hostMac);
});

test('after close it is a fault of the program to ask for anything', async () => {
  const kernel = await withPod();
  await kernel.close();
  await expect(kernel.observe(podOf(5), SANDBOX)).rejects.toThrow('used after close');
});

test('changes by other hands are told to all; those of this very kernel are not', async () => {
  const kernel = await withPod();
  const heard: KernelChange[] = [];
  const unwatch = kernel.watch((change) => heard.push(change));
  const host = one(podOf(5), 'veth').host;
  await retract(kernel, [one(podOf(5), 'neighbour')], SANDBOX);
  kernel.deleteFromOutside(one(podOf(5), 'route'));
  kernel.putFromOutside({ kind: 'sysctl', on: host, key: 'v4.forwarding', value: 0 });
  // Linux is silent about this one
  kernel.putFromOutside({ kind: 'sysctl', on: host, key: 'v4.route_localnet', value: 0 });
  kernel.overflow();
  kernel.dropSandbox(SANDBOX);
  unwatch();
  kernel.overflow();
  expect(heard).toEqual([
    { kind: 'host', what: 'route', link: host.name },
    { kind: 'host', what: 'netconf', link: host.name },
    { kind: 'overflow' },
    { kind: 'host', what: 'link', link: host.name },
  ]);
});

test('what others made is found only when asked for, and is neither altered nor removed', async () => {
  const kernel = await withPod();
  const theirs: Item = { kind: 'route', on: one(podOf(5), 'veth').host, to: prefix('10.9.0.0/24'), table: 254 };
  kernel.putFromOutside(theirs);
  expect(await kernel.inventory()).not.toContainEqual(theirs);
  const { failure } = await kernel.ensure([{ ...theirs, mtu: 1300 }]);
  expect(failure?.error.kind).toBe('exists');
  expect((await kernel.ensure([theirs])).made).toEqual([]);
  await kernel.remove([theirs]);
  expect(kernel.items()).toContainEqual(theirs);
});

test('a next hop must be near, a tunnel entry needs a tunnel, a port a bridge, and ranges may not meet', async () => {
  const kernel = await withPod();
  await apply(kernel, bridgeNode);
  const host = one(podOf(5), 'veth').host;
  const cni0 = one(bridgeNode, 'bridge').link;
  const refusal = async (item: Item) => (await kernel.ensure([item], SANDBOX)).failure?.error.errno;
  const route = { kind: 'route', on: cni0, to: prefix('10.9.0.0/24'), table: 254 } as const;
  expect(await refusal({ ...route, via: '192.0.2.1' as never })).toBe('ENETUNREACH');
  expect(await refusal({ ...route, via: '10.0.3.77' as never })).toBeUndefined();
  expect(await refusal({ kind: 'fdb', on: cni0, mac: one(podOf(5), 'veth').podMac, to: '192.0.2.1' as never })).toBe(
    'EOPNOTSUPP',
  );
  expect(await refusal({ kind: 'port', on: host, bridge: host, hairpin: true })).toBe('ENODEV');
  expect(await refusal({ kind: 'element', set: 'internal4', key: ['10.0.7.0/24'] })).toBe('EEXIST');
  expect(await refusal({ kind: 'element', set: 'internal4', key: ['10.0.7.0/24', '1'] })).toBe('EINVAL');
  expect(
    await refusal({ kind: 'address', on: { netns: 'host', name: 'eth9' }, address: interfaceAddress('10.0.3.9/24') }),
  ).toBe('ENODEV');
});
