import assert from 'node:assert/strict';
import { type Item } from '../../core/datapath/plan.ts';
import { apply, retract } from './execute.ts';
import { hostLinkOf, one, podOf, routedNode } from './kernel-scene.ts';
import { eventually, type KernelCase, nothingOf, planned, sameAs } from './kernel-stage.ts';

/** What the door promises of taking things away. */
export const removingCases: readonly KernelCase[] = [
  {
    name: 'what is removed is gone, and removing it again is success (C13)',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      for (let times = 0; times < 2; times++) assert.deepEqual(await retract(kernel, podOf(5), path), []);
      await nothingOf(kernel, podOf(5), path);
      await sameAs(kernel, routedNode);
    },
  },
  {
    name: 'a link takes along what is on it, in both namespaces',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      assert.deepEqual(await kernel.remove([one(podOf(5), 'veth')], path), []);
      const left = await kernel.observe(podOf(5), path);
      assert.deepEqual([...new Set(planned(left, podOf(5)).map(({ kind }) => kind))], ['element']);
    },
  },
  {
    name: 'in a sandbox that is not there nothing can be made, and everything is removed (C14)',
    run: async ({ kernel }) => {
      await apply(kernel, routedNode);
      const { made, failure } = await kernel.ensure(podOf(5), '/no/such/netns');
      assert.equal(failure?.error.kind, 'absent');
      assert.deepEqual(made, []);
      assert.deepEqual(await retract(kernel, podOf(5), '/no/such/netns'), []);
    },
  },
  {
    name: 'a sandbox that dies takes its veth along, and the rest can be removed (C14)',
    run: async ({ kernel, sandbox, dropSandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      await dropSandbox(path);
      assert.equal(kernel.sandboxExists(path), false);
      await eventually(async () => !(await kernel.inventory()).some(({ kind }) => kind === 'veth'));
      assert.deepEqual(await retract(kernel, podOf(5), path), []);
      await nothingOf(kernel, podOf(5), path);
    },
  },
  {
    name: 'a late removal leaves a route that by now leads elsewhere (C40)',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      const stale: Item = { ...one(podOf(5), 'route'), on: hostLinkOf(podOf(6)) };
      assert.deepEqual(await kernel.remove([stale]), []);
      await sameAs(kernel, podOf(5), path);
    },
  },
  {
    name: 'settings stay when what set them is removed: others may stand on them (C12)',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      const loopback: Item = { kind: 'up', on: { netns: 'pod', name: 'lo' } };
      await apply(kernel, [loopback], path);
      assert.deepEqual(await kernel.remove([loopback], path), []);
      await sameAs(kernel, [loopback], path);
    },
  },
];
