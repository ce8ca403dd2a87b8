import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, interfaceAddress } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { attachmentId } from '../../core/attachment.ts';
import { agrees, CHECK, difference } from '../../core/datapath/difference.ts';
import { isSetting } from '../../core/datapath/identity.ts';
import { type Item, type Plan, show } from '../../core/datapath/plan.ts';
import { hostLinkName, type PodDatapath, podMacs, podPlan } from '../../core/datapath/pod-plan.ts';
import { apply, converge, PlanError, repair, retract } from './execute.ts';
import { FakeKernel } from './fake-kernel.ts';
import { bridgeNode, one, podOf, routedNode } from './kernel-scene.ts';
import { KernelError } from './kernel.ts';

const SANDBOX = '/run/netns/a';
const fault = new KernelError('denied', 'EPERM', { errno: 'EPERM' });

const bucket = fc.record({
  rateBits: fc.integer({ min: 8_000, max: 40_000_000_000 }),
  burstBits: fc.integer({ min: 12_000, max: 80_000_000 }),
});
const families = fc.constantFrom<readonly ('v4' | 'v6')[]>(['v4'], ['v6'], ['v4', 'v6']);

/** Any pod of the scene's node: mode, families, ports, rates, and whether it is the first interface of its sandbox. */
const anyPod: fc.Arbitrary<PodDatapath> = fc
  .record({
    n: fc.integer({ min: 2, max: 254 }),
    families,
    mode: fc.constantFrom('routed' as const, 'bridge' as const),
    ordinal: fc.integer({ min: 0, max: 3 }),
    mtuBytes: fc.integer({ min: 1280, max: 9000 }),
    hostPorts: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 4 }),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
    ingress: fc.option(bucket, { nil: undefined }),
    egress: fc.option(bucket, { nil: undefined }),
  })
  .map(({ n, families, mode, hostPorts, protocol, ingress, egress, ...rest }) => {
    const ifname = `eth${rest.ordinal}`;
    const id = attachmentId({ network: 'pods', containerId: `c${n}`, ifname });
    const own = { v4: `10.0.3.${n}`, v6: `fd00:3::${n}` };
    const range = { v4: '24', v6: '64' };
    const gateway = { v4: '10.0.3.1', v6: 'fd00:3::1' };
    const bridged = families.map((family) => ({
      address: interfaceAddress(`${own[family]}/${range[family]}`),
      gateway: address(gateway[family]),
    }));
    return {
      ...rest,
      id,
      ifname,
      hostLink: hostLinkName(id),
      ...podMacs(id),
      ports: hostPorts.map((hostPort) => ({ protocol, hostPort, containerPort: 80 })),
      bandwidth: { ...(ingress === undefined ? {} : { ingress }), ...(egress === undefined ? {} : { egress }) },
      ...(mode === 'routed'
        ? { mode, addresses: families.map((family) => address(own[family])) }
        : { mode, bridge: 'cni0', addresses: bridged }),
    };
  });

/** A machine whose node plan stands, in the mode of the pod to come. */
async function nodeFor({ mode }: Pick<PodDatapath, 'mode'>): Promise<FakeKernel> {
  const kernel = new FakeKernel();
  kernel.world.addSandbox(SANDBOX);
  await apply(kernel, mode === 'routed' ? routedNode : bridgeNode);
  return kernel;
}

/** What stands, without settings: these are never taken back. */
function things(kernel: FakeKernel): string[] {
  return kernel
    .items()
    .filter((item) => !isSetting(item))
    .map(show);
}

test('apply and retract is as if nothing had been', async () => {
  await fc.assert(
    fc.asyncProperty(anyPod, async (want) => {
      const kernel = await nodeFor(want);
      const before = things(kernel);
      const plan = podPlan(want);
      await apply(kernel, plan, SANDBOX);
      expect(await retract(kernel, plan, SANDBOX)).toEqual([]);
      expect(things(kernel)).toEqual(before);
    }),
  );
});

test('what was applied does not differ, for repair and for CHECK, and is not made a second time', async () => {
  await fc.assert(
    fc.asyncProperty(anyPod, async (want) => {
      const kernel = await nodeFor(want);
      const plan = podPlan(want);
      await apply(kernel, plan, SANDBOX);
      const after = kernel.items();
      expect(difference(plan, await kernel.observe(plan, SANDBOX), CHECK())).toMatchObject({
        missing: [],
        changed: [],
      });
      expect(await apply(kernel, plan, SANDBOX)).toEqual([]);
      expect(kernel.items()).toEqual(after);
    }),
  );
});

test('a fault at any item leaves nothing of it (C18)', async () => {
  await fc.assert(
    fc.asyncProperty(anyPod, fc.nat(), async (want, nth) => {
      const kernel = await nodeFor(want);
      const before = things(kernel);
      const plan = podPlan(want);
      const broken = plan[nth % plan.length];
      kernel.failOn = (item, verb) => (verb === 'ensure' && item === broken ? fault : undefined);
      const thrown = await apply(kernel, plan, SANDBOX).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(PlanError);
      expect(thrown).toMatchObject({ item: broken, error: fault, cause: fault, left: [] });
      expect(things(kernel)).toEqual(before);
    }),
  );
});

test('whatever others delete, repair puts back, and then nothing differs', async () => {
  await fc.assert(
    fc.asyncProperty(anyPod, fc.array(fc.nat(), { maxLength: 6 }), async (want, deleted) => {
      const kernel = await nodeFor(want);
      const plan = podPlan(want);
      await apply(kernel, plan, SANDBOX);
      for (const nth of deleted) kernel.deleteFromOutside(plan[nth % plan.length] as Item, SANDBOX);
      expect((await repair(kernel, plan, SANDBOX)).failures).toEqual([]);
      expect(agrees(difference(plan, await kernel.observe(plan, SANDBOX), CHECK()))).toBe(true);
    }),
  );
});

test('a repeated ADD that fails harms nothing of the first', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const plan = podOf(5);
  await apply(kernel, plan, SANDBOX);
  const port = one(plan, 'route');
  kernel.deleteFromOutside(port);
  const before = things(kernel);
  kernel.failOn = (item, verb) => (verb === 'ensure' && item === plan.at(-1) ? fault : undefined);
  await expect(apply(kernel, plan, SANDBOX)).rejects.toThrow(PlanError);
  expect(things(kernel)).toEqual(before);
});

test('a second interface that fails leaves the first of the sandbox whole (C12, C18)', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  await apply(kernel, podOf(5), SANDBOX);
  const before = kernel.items();
  const second = podOf(6, { ifname: 'net1', ordinal: 1 });
  kernel.failOn = (item, verb) => (verb === 'ensure' && item === second.at(-1) ? fault : undefined);
  await expect(apply(kernel, second, SANDBOX)).rejects.toThrow(PlanError);
  expect(kernel.items()).toEqual(before);
});

test('what cannot be taken back after a failure is told, with the reason', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const plan = podOf(5);
  kernel.failOn = (item, verb) =>
    (verb === 'ensure' && item === plan.at(-1)) || (verb === 'remove' && item?.kind === 'veth') ? fault : undefined;
  await expect(apply(kernel, plan, SANDBOX)).rejects.toMatchObject({ left: [{ item: plan[0], error: fault }] });
});

test('retract goes on after a failure, and a later one takes the rest', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const before = things(kernel);
  await apply(kernel, podOf(5), SANDBOX);
  kernel.failOn = (item, verb) => (verb === 'remove' && item?.kind === 'element' ? fault : undefined);
  const left = await retract(kernel, podOf(5), SANDBOX);
  expect(left.map(({ item }) => item)).toEqual(
    podOf(5)
      .filter(({ kind }) => kind === 'element')
      .toReversed(),
  );
  kernel.failOn = () => undefined;
  expect(await retract(kernel, podOf(5), SANDBOX)).toEqual([]);
  expect(things(kernel)).toEqual(before);
});

test('elements go before the links: a host port closes before the pod behind it is gone', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const order: Item[] = [];
  kernel.failOn = (item, verb) => {
    if (verb === 'remove' && item !== undefined) order.push(item);
    return undefined;
  };
  await apply(kernel, podOf(5), SANDBOX);
  await retract(kernel, podOf(5), SANDBOX);
  expect(order).toEqual(podOf(5).toReversed());
});

test('converge passes over what cannot be made, tells of it, and takes nothing back', async () => {
  const kernel = new FakeKernel();
  const broken = new Set<Item>([one(routedNode, 'element'), one(routedNode, 'unreachable')]);
  kernel.failOn = (item, verb) => (verb === 'ensure' && item !== undefined && broken.has(item) ? fault : undefined);
  const failures = await converge(kernel, routedNode);
  expect(failures).toEqual([...broken].map((item) => ({ item, error: fault })));
  expect(things(kernel)).toHaveLength(routedNode.filter((item) => !isSetting(item) && !broken.has(item)).length);
});

test('repair of a pod whose end a chained plugin changed leaves that end alone, and lets the node follow (C20)', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const plan = podOf(5);
  const theirs = mac('02:00:00:00:00:99');
  await apply(kernel, plan, SANDBOX);
  const veth = one(plan, 'veth');
  kernel.putFromOutside({ ...veth, podMac: theirs, mtu: 1400, hostMtu: 1300 }, SANDBOX);
  await repair(kernel, plan, SANDBOX);
  expect(kernel.items()).toContainEqual({ ...veth, podMac: theirs, mtu: 1400, hostMtu: veth.mtu });
  expect(kernel.items()).toContainEqual({ ...one(plan, 'neighbour'), at: theirs });
});

test('repair makes a veth anew whose end was taken out of the pod', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const plan = podOf(5);
  await apply(kernel, plan, SANDBOX);
  kernel.putFromOutside({ ...one(plan, 'veth'), pod: { netns: 'pod', name: 'stolen' } }, SANDBOX);
  expect((await repair(kernel, plan, SANDBOX)).failures).toEqual([]);
  expect(agrees(difference(plan, await kernel.observe(plan, SANDBOX), CHECK()))).toBe(true);
});

test('repair of nothing asks for nothing', async () => {
  const kernel = await nodeFor({ mode: 'routed' });
  const plan: Plan = podOf(5);
  await apply(kernel, plan, SANDBOX);
  kernel.failOn = (_, verb) => (verb === 'observe' ? undefined : fault);
  expect(await repair(kernel, plan, SANDBOX)).toMatchObject({ found: { missing: [], changed: [] }, failures: [] });
});
