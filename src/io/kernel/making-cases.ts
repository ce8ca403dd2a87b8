import assert from 'node:assert/strict';
import { address, prefix } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { agrees, CHECK, difference } from '../../core/datapath/difference.ts';
import { isSetting } from '../../core/datapath/identity.ts';
import { type Item, type Plan, show } from '../../core/datapath/plan.ts';
import { transition } from '../../core/datapath/transition.ts';
import { apply, retract } from './execute.ts';
import { bridgeNode, hostLinkOf, nodeHistory, one, podOf, routedNode, tunnelNode } from './kernel-scene.ts';
import { type KernelCase, sameAs, standsAsPlanned } from './kernel-stage.ts';

/** What the door promises of making things, and of bringing them in line. */
export const makingCases: readonly KernelCase[] = [
  {
    name: 'a routed pod, made after its node, is observed as planned (C19)',
    run: ({ kernel, sandbox }) => standsAsPlanned(kernel, sandbox, routedNode, podOf(5)),
  },
  {
    name: 'a bridged pod, made after its node, is observed as planned (C19)',
    run: ({ kernel, sandbox }) => standsAsPlanned(kernel, sandbox, bridgeNode, podOf(5, { mode: 'bridge' })),
  },
  {
    name: 'a node with a tunnel is observed as planned (K8)',
    run: async ({ kernel }) => {
      await apply(kernel, tunnelNode());
      await sameAs(kernel, tunnelNode());
    },
  },
  {
    name: 'a link of somebody else has the MTU that it shall have, and another one is seen and mended (A59)',
    run: async ({ kernel, outside, sandbox }) => {
      const path = await sandbox();
      const loopback = (mtu: number): Item => ({ kind: 'up', on: { netns: 'pod', name: 'lo' }, mtu });
      await apply(kernel, [loopback(1_400)], path);
      await sameAs(kernel, [loopback(1_400)], path);
      await apply(outside, [loopback(1_500)], path);
      const { changed } = difference([loopback(1_400)], await kernel.observe([loopback(1_400)], path), CHECK());
      assert.equal(changed.length, 1);
      await apply(kernel, [loopback(1_400)], path);
      await sameAs(kernel, [loopback(1_400)], path);
    },
  },
  {
    name: 'what is made a second time makes nothing and changes nothing',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      for (const [plan, at] of [[routedNode], [podOf(5), path]] as const) {
        await apply(kernel, plan, at);
        assert.deepEqual(await apply(kernel, plan, at), []);
        await sameAs(kernel, plan, at);
      }
    },
  },
  {
    name: 'all that was made is told, but for settings, which had a value before',
    run: async ({ kernel, sandbox }) => {
      await apply(kernel, routedNode);
      const made = new Set((await apply(kernel, podOf(5), await sandbox())).map(show));
      const untold = podOf(5).filter((item) => !made.has(show(item)) && !isSetting(item));
      assert.deepEqual(untold.map(show), []);
    },
  },
  {
    name: 'a name that is taken in the sandbox is refused, and who has it keeps all (C11)',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      const { made, failure } = await kernel.ensure(podOf(6), path);
      assert.equal(failure?.error.kind, 'exists');
      assert.equal(failure?.item.kind, 'veth');
      assert.deepEqual(made, []);
      await sameAs(kernel, podOf(5), path);
    },
  },
  {
    name: 'a name that another link of the host has is refused',
    run: async ({ kernel, sandbox }) => {
      const link = hostLinkOf(podOf(5));
      await apply(kernel, [{ kind: 'bridge', link, mtu: 1500, mac: mac('02:00:00:00:00:01') }]);
      const { made, failure } = await kernel.ensure(podOf(5), await sandbox());
      assert.equal(failure?.error.kind, 'exists');
      assert.deepEqual(made, []);
    },
  },
  {
    name: 'two interfaces of one sandbox are independent (C12)',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      const second = podOf(6, { ifname: 'net1', ordinal: 1 });
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      await apply(kernel, second, path);
      await sameAs(kernel, podOf(5), path);
      await sameAs(kernel, second, path);
      assert.deepEqual(await retract(kernel, podOf(5), path), []);
      await sameAs(kernel, second, path);
    },
  },
  {
    name: 'what fails is told, with all that was made before it (C18)',
    run: async ({ kernel }) => {
      const before: Item = { kind: 'unreachable', to: prefix('10.9.0.0/24'), table: 254 };
      const wrong: Item = {
        kind: 'route',
        on: { netns: 'host', name: 'bthnone' },
        to: prefix('10.9.1.0/24'),
        table: 254,
      };
      const { made, failure } = await kernel.ensure([before, wrong]);
      assert.equal(failure?.item, wrong);
      assert.equal(failure?.error.kind, 'absent');
      assert.deepEqual(made, [before]);
    },
  },
  {
    name: 'an element needs its set',
    run: async ({ kernel }) => {
      const { failure } = await kernel.ensure([{ kind: 'element', set: 'internal4', key: ['10.0.0.0/8'] }]);
      assert.equal(failure?.error.kind, 'absent');
    },
  },
  {
    name: 'what is there in another way is brought in line, and was not made',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, bridgeNode);
      await apply(kernel, podOf(5), path);
      for (const other of otherwise(podOf(5))) {
        const { made, failure } = await kernel.ensure([other], path);
        assert.deepEqual([made, failure], [[], undefined], show(other));
        const shown = await kernel.observe([other], path);
        assert.ok(agrees(difference([other], shown, CHECK())), show(other));
      }
      await kernel.ensure(podOf(5), path);
      await sameAs(kernel, podOf(5), path);
    },
  },
  {
    name: 'a bridge and a tunnel keep standing when their MTU changes; with another identifier the tunnel is made anew',
    run: async ({ kernel }) => {
      const [first, narrow] = [tunnelNode(), tunnelNode({ mtuBytes: 1400 })];
      const other = tunnelNode({ mtuBytes: 1400, tunnel: { use: 'auto', vni: 7, port: 4789 } });
      for (const plan of [first, narrow, other]) {
        await apply(kernel, plan);
        await sameAs(kernel, plan);
      }
    },
  },
  {
    name: 'from one node plan to the next all of the new one stands (K9, K10)',
    run: async ({ kernel }) => {
      let before: Plan = [];
      for (const after of nodeHistory) {
        const { remove, add } = transition(before, after);
        assert.deepEqual(await retract(kernel, remove), []);
        await apply(kernel, add);
        await sameAs(kernel, after);
        before = after;
      }
    },
  },
  {
    name: 'a new skeleton of nftables keeps the elements of the sets it has',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      await apply(kernel, [one(bridgeNode, 'ruleset')]);
      await sameAs(kernel, podOf(5), path);
      assert.deepEqual(await retract(kernel, podOf(5), path), []);
    },
  },
];

/** Items of a routed pod with another value each, under the same key. */
function otherwise(plan: Plan): Plan {
  const veth = one(plan, 'veth');
  const port = plan.find((item) => item.kind === 'element' && item.set === 'ports4');
  return [
    { ...veth, mtu: 1400 },
    { ...one(plan, 'neighbour'), at: mac('02:00:00:00:00:07') },
    { kind: 'sysctl', on: veth.host, key: 'v4.rp_filter', value: 1 },
    { ...one(plan, 'tbf'), rateBits: 40_000_000 },
    ...(port?.kind === 'element' ? [{ ...port, data: ['10.0.3.9', '81'] }] : []),
    {
      kind: 'route',
      on: veth.pod,
      to: prefix('0.0.0.0/0'),
      via: address('169.254.1.1'),
      onlink: true,
      mtu: 1300,
      table: 254,
    },
  ];
}
