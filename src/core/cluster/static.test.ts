import fc from 'fast-check';
import { expect, test } from 'vitest';
import { staticMove } from './static-node.ts';
import { staticPlan } from './static-plan.ts';
import { type Deciders, NODES, RETENTION_MS, StaticWorld } from './testing/static-world.ts';

type Deed = (world: StaticWorld) => void;

const anyNode = fc.constantFrom(...NODES);
const anyName = fc.constantFrom('web-0', 'web-0', 'web-1', 'web-2');
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(anyNode, anyName, fc.boolean()).map(
      (it): Deed =>
        (world) =>
          world.step(...it),
    ),
  },
  {
    weight: 6,
    arbitrary: anyName.map(
      (name): Deed =>
        (world) =>
          world.reconcile(name),
    ),
  },
  { weight: 3, arbitrary: fc.constant((world: StaticWorld) => world.look()) },
  {
    weight: 3,
    arbitrary: fc.tuple(anyName, anyNode).map(
      (it): Deed =>
        (world) =>
          world.bind(...it),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(anyName, fc.boolean()).map(
      (it): Deed =>
        (world) =>
          world.remove(...it),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(anyNode, anyName).map(
      (it): Deed =>
        (world) =>
          world.endOld(...it),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(3), fc.nat(1)).map(
      ([replicas, start]): Deed =>
        (world) => {
          world.set = { ...world.set, replicas, start };
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(anyNode, anyName).map(
      (it): Deed =>
        (world) =>
          world.count(...it),
    ),
  },
  {
    weight: 1,
    arbitrary: anyNode.map(
      (name): Deed =>
        (world) => {
          const node = world.node(name);
          node.heard = !node.heard;
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: RETENTION_MS }).map(
      (ms): Deed =>
        (world) => {
          world.now += ms;
        },
    ),
  },
);

/** The first law that does not hold. */
function broken(world: StaticWorld): string | undefined {
  if (world.misdeed !== undefined) return world.misdeed;
  for (const name of world.names) {
    const [address] = world.objects.get(name)?.status.addresses ?? [];
    const promised = world.promised.get(name);
    if (address !== undefined && promised !== undefined && address !== promised) return `${name} lost ${promised}`;
    if (address === undefined) continue;
    for (const node of world.nodes)
      if (world.free(node.name).includes(address)) return `${address} of ${name} is free on ${node.name}`;
    const having = world.nodes.filter(
      (it) => it.heard && !it.cutOff.has(address) && [...it.attached.values()].includes(address),
    );
    if (having.length > 1) return `${address} of ${name} is on two pods`;
  }
  return undefined;
}

/** Everybody is heard and everything runs until nothing changes: then each pod that is wanted has its address. */
function settle(world: StaticWorld): string | undefined {
  for (const node of world.nodes) node.heard = true;
  for (const node of world.nodes) for (const name of world.names) world.endOld(node.name, name);
  for (let i = 0; i < 12; i++) {
    world.look();
    for (const name of world.names) world.reconcile(name);
    for (const node of world.nodes) for (const name of world.names) world.step(node.name, name);
    const law = broken(world);
    if (law !== undefined) return law;
  }
  for (const [name, pod] of world.pods) {
    const got = world.node(pod.node).attached.get(name);
    if (pod.wantsAddress || got === undefined) return `${name} waits for ever`;
    if (!world.node(pod.node).nic.has(got)) return `${name} has ${got}, which is not on its NIC`;
    if (world.promised.has(name) && world.promised.get(name) !== got) return `${name} got another address`;
  }
  return undefined;
}

/** The first fault of a run. */
function faultOf(deeds: readonly Deed[], deciders: Partial<Deciders> = {}): string | undefined {
  const world = new StaticWorld(deciders);
  for (const it of deeds) {
    it(world);
    const law = broken(world);
    if (law !== undefined) return law;
  }
  return settle(world);
}

const runs = fc.array(deed, { minLength: 60, maxLength: 160, size: 'max' });

test('A90, U36: whatever happens, and whoever dies, an address is on one pod, leaks to nobody, and follows its name', () => {
  fc.assert(
    fc.property(runs, (deeds) => {
      expect(faultOf(deeds)).toBeUndefined();
    }),
    { numRuns: 1_500 },
  );
});

const planted: readonly (readonly [string, Partial<Deciders>])[] = [
  [
    'a right that moves before its node let go',
    {
      plan: (seen, ...more) => staticPlan({ ...seen, holder: 'silent' }, ...more),
    },
  ],
  [
    'a keeper that gives back what another node has',
    {
      move: (...of) => {
        const it = staticMove(...of);
        return it.move === 'sendAway' || it.move === 'forget' ? { move: 'giveBack' } : it;
      },
    },
  ],
  [
    'an address that is let go of under its pod',
    {
      move: (local, ...more) => {
        const { attached } = local;
        return staticMove(attached === undefined ? local : { ...local, attached: undefined, kept: attached }, ...more);
      },
    },
  ],
  [
    'an API server that is not heard taken for one that knows of nothing',
    { move: (local, heard, asks) => staticMove(local, heard === 'unheard' ? 'absent' : heard, asks) },
  ],
  [
    'a first address that is not told',
    {
      move: (...of) => {
        const it = staticMove(...of);
        return it.move === 'tell' && it.status.state === 'InUse' ? { move: 'rest' } : it;
      },
    },
  ],
  [
    'a guest that stays when it is missed',
    {
      move: (local, ...more) => {
        const it = staticMove(local, ...more);
        return it.move === 'sendAway' && local.guest ? { move: 'rest' } : it;
      },
    },
  ],
  ['an ordinal counted from 0', { plan: (seen, ...more) => staticPlan(noStart(seen), ...more) }],
];

function noStart(seen: Parameters<typeof staticPlan>[0]): Parameters<typeof staticPlan>[0] {
  return { ...seen, set: seen.set && { ...seen.set, start: 0 } };
}

test.each(planted)('the laws find %s', (_, deciders) => {
  const found = fc.check(
    fc.property(runs, (deeds) => faultOf(deeds, deciders) === undefined),
    { numRuns: 20_000, seed: 7, endOnFailure: true },
  );
  expect(found.failed).toBe(true);
});
