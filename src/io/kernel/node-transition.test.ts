import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import { agrees, difference } from '../../core/datapath/difference.ts';
import { isSetting, keyOf } from '../../core/datapath/identity.ts';
import { type NodeDatapath, nodePlan } from '../../core/datapath/node-plan.ts';
import { type Plan, show } from '../../core/datapath/plan.ts';
import { sweep, transition } from '../../core/datapath/transition.ts';
import type { Peer } from '../../core/datapath/tunnel.ts';
import { apply, retract } from './execute.ts';
import { FakeKernel } from './fake-kernel.ts';
import { podOf } from './kernel-scene.ts';

const uplink = {
  name: 'ens3',
  mtuBytes: 1500,
  up: true,
  addresses: [interfaceAddress('192.0.2.7/24'), interfaceAddress('2001:db8::7/64')],
  defaultRoute: ['v4' as const],
  acceptRa: 1,
};

/** The peers number 1 to 4, each on our link or elsewhere, with one family or both. */
function peerOf(n: number, near: boolean, dual: boolean): Peer {
  const v4 = address(near ? `192.0.2.${100 + n}` : `198.51.100.${n}`);
  const v6 = address(near ? `2001:db8::1${n}` : `2001:db8:${n}::1`);
  return {
    name: `peer-${n}`,
    addresses: dual ? [v4, v6] : [v4],
    ranges: dual ? [prefix(`10.1.${n}.0/24`), prefix(`fd01:${n}::/64`)] : [prefix(`10.1.${n}.0/24`)],
  };
}

const anyPeers = fc
  .subarray([1, 2, 3, 4])
  .chain((ns) =>
    fc.tuple(...ns.map((n) => fc.tuple(fc.boolean(), fc.boolean()).map(([near, dual]) => peerOf(n, near, dual)))),
  );

const anyNode: fc.Arbitrary<NodeDatapath> = fc.record({
  nodeName: fc.constant('here'),
  mode: fc.constantFrom('routed' as const, 'bridge' as const),
  bridge: fc.constantFrom('cni0', 'berth0'),
  ranges: fc.constantFrom([prefix('10.0.3.0/24')], [prefix('10.0.3.0/24'), prefix('fd00:3::/64')]),
  cluster: fc.constantFrom([], [prefix('10.0.0.0/8')], [prefix('10.1.0.0/16')]),
  masquerade: fc.record({
    enabled: fc.boolean(),
    except: fc.subarray([prefix('172.16.0.0/12'), prefix('172.16.1.0/24'), prefix('10.1.1.0/24')]),
    ports: fc.constantFrom('kept', 'hashed', 'random'),
  }),
  checkSources: fc.boolean(),
  peers: anyPeers,
  tunnel: fc.record({
    use: fc.constantFrom('auto' as const, 'always' as const, 'never' as const),
    vni: fc.constantFrom(4077, 7),
    port: fc.constantFrom(4789, 8472),
  }),
  forwardAccept: fc.boolean(),
  mtuBytes: fc.constantFrom('auto' as const, 1400),
  uplink: fc.constant(uplink),
});

function machine(): FakeKernel {
  const kernel = new FakeKernel();
  kernel.world.hostLinks = [uplink];
  return kernel;
}

/** What stands beyond a plan, without settings. */
function beyond(kernel: FakeKernel, plan: Plan): string[] {
  const keys = new Set(plan.map(keyOf));
  return kernel
    .items()
    .filter((item) => !isSetting(item) && !keys.has(keyOf(item)))
    .map(show);
}

async function changeTo(kernel: FakeKernel, before: Plan, after: Plan): Promise<void> {
  const { remove, add } = transition(before, after);
  expect(await retract(kernel, remove)).toEqual([]);
  await apply(kernel, add);
}

test('from any node plan to any other: all of the new one stands, and nothing of the old one is left (K9, K10)', async () => {
  await fc.assert(
    fc.asyncProperty(anyNode, anyNode, async (first, second) => {
      const kernel = machine();
      const [before, after] = [nodePlan(first), nodePlan(second)];
      await apply(kernel, before);
      await changeTo(kernel, before, after);
      expect(agrees(difference(after, await kernel.observe(after)))).toBe(true);
      expect(beyond(kernel, after)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('what both plans have is not touched on the way from one to the other', async () => {
  await fc.assert(
    fc.asyncProperty(anyNode, anyNode, async (first, second) => {
      const [before, after] = [nodePlan(first), nodePlan(second)];
      const { remove, add } = transition(before, after);
      const links = new Set(remove.flatMap((item) => ('link' in item ? [item.link.name] : [])));
      const kept = new Set(before.filter((item) => after.some((other) => show(other) === show(item))).map(show));
      const touched = [...remove, ...add].filter((item) => !('on' in item && links.has(item.on.name)));
      expect(touched.filter((item) => kept.has(show(item)))).toEqual([]);
    }),
  );
});

test('after a crash between two configurations the sweep finds exactly what the new one does not want', async () => {
  await fc.assert(
    fc.asyncProperty(anyNode, anyNode, async (first, second) => {
      const kernel = machine();
      kernel.world.addSandbox('/run/netns/a');
      const after = nodePlan(second);
      await apply(kernel, nodePlan(first));
      const pod = podOf(9, { mode: first.mode === 'bridge' && first.bridge === 'cni0' ? 'bridge' : 'routed' });
      await apply(kernel, pod, '/run/netns/a');
      await retract(kernel, sweep(await kernel.inventory(), [], after));
      const links = new Set(after.flatMap((item) => ('link' in item ? [item.link.name] : [])));
      const left = kernel.items().filter((item) => !isSetting(item) && !('on' in item && links.has(item.on.name)));
      const keys = new Set(after.map(keyOf));
      expect(left.filter((item) => !keys.has(keyOf(item))).map(show)).toEqual([]);
    }),
  );
});
