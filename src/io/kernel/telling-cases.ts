import assert from 'node:assert/strict';
import { keyOf } from '../../core/datapath/identity.ts';
import { show } from '../../core/datapath/plan.ts';
import { apply } from './execute.ts';
import { hostLinkOf, one, podOf, routedNode, tunnelNode } from './kernel-scene.ts';
import { type KernelCase, told } from './kernel-stage.ts';

/** What the door promises to tell. */
export const tellingCases: readonly KernelCase[] = [
  {
    name: 'the inventory has what is ours in the host, and tells whose a veth is',
    run: async ({ kernel, sandbox }) => {
      await apply(kernel, tunnelNode());
      await apply(kernel, podOf(5), await sandbox());
      const inventory = await kernel.inventory();
      const found = new Set(inventory.map(keyOf));
      const marked = new Set(['veth', 'bridge', 'vxlan', 'route', 'unreachable', 'element', 'ruleset']);
      const all = [...tunnelNode(), ...podOf(5)].filter((item) => !('on' in item && item.on.netns === 'pod'));
      assert.deepEqual(all.filter((item) => marked.has(item.kind) && !found.has(keyOf(item))).map(show), []);
      const veth = one(inventory, 'veth');
      assert.deepEqual([veth.alias, veth.pod.name], [one(podOf(5), 'veth').alias, '']);
    },
  },
  {
    name: 'a link has the MAC it was given, and none that is not there has any',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      const { pod, host, podMac, hostMac } = one(podOf(5), 'veth');
      assert.equal(await kernel.macOf(pod, path), podMac);
      assert.equal(await kernel.macOf(host), hostMac);
      assert.equal(await kernel.macOf({ netns: 'host', name: 'bthnone' }), undefined);
    },
  },
  {
    name: 'a sandbox is there and is not the host; a path of nothing is neither',
    run: async ({ kernel, sandbox }) => {
      const path = await sandbox();
      assert.deepEqual([kernel.sandboxExists(path), kernel.namespaceAt(path)], [true, 'other']);
      assert.deepEqual([kernel.sandboxExists('/no/such'), kernel.namespaceAt('/no/such')], [false, 'none']);
    },
  },
  {
    name: 'what others change is told: in the host by link, in a pod by its host end',
    run: async ({ kernel, outside, sandbox }) => {
      const path = await sandbox();
      await apply(kernel, routedNode);
      await apply(kernel, podOf(5), path);
      const host = hostLinkOf(podOf(5)).name;
      const inPod = podOf(5).filter((item) => item.kind === 'address');
      await told(
        kernel,
        () => outside.remove([one(podOf(5), 'route')]),
        (it) => it.kind === 'host' && it.what === 'route',
      );
      await told(
        kernel,
        () => outside.remove(inPod, path),
        (it) => it.kind === 'pod' && it.hostLink === host,
      );
      await told(
        kernel,
        () => outside.remove(podOf(5).filter(({ kind }) => kind === 'element')),
        (it) => it.kind === 'host' && it.what === 'nftables',
      );
      await told(
        kernel,
        () => outside.remove([one(podOf(5), 'veth')], path),
        (it) => it.kind === 'host' && it.what === 'link' && it.link === host,
      );
    },
  },
];
