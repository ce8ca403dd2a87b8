import { expect, test } from 'vitest';
import { STATIC_ADDRESSES } from '../../wire/kube/crd/static-address.ts';
import { PODS } from '../../wire/kube/resource.ts';
import { argsOf, ClusterScene } from './testing/cluster-scene.ts';

// Addresses that stay a name's where each node has a range of its own.

/** As the controller makes it for the node; `ip`: what another node let go of. */
function object(
  { store }: ClusterScene,
  name: string,
  { ip, conflict = 'retry' }: { readonly ip?: string; readonly conflict?: string } = {},
): void {
  const owner = { kind: 'StatefulSet', name: 'web', uid: 's' };
  const spec = { owner, retention: '24h', conflict, node: 'small', next: '' };
  const status = ip === undefined ? {} : { node: '', addresses: [ip], nic: '', state: 'Released' };
  const at = { resource: STATIC_ADDRESSES, namespace: 'web' };
  store.create(at, { metadata: { name, namespace: 'web' }, spec, status });
}

test('podcidr: an address stays with the range of its node: elsewhere it is lost, or renewed as the pod wishes', async () => {
  const routed = new ClusterScene();
  routed.node('small', '192.0.2.1', '10.244.1.0/24');
  await routed.start();
  const asks = { 'berth.dev/static-address': 'true' };
  const ask = async (container: string, name: string) => {
    routed.store.remove({ resource: PODS, namespace: 'web', name });
    const uid = routed.pod(name, { metadata: { annotations: asks } });
    const asked = routed.small.add({ id: container, args: argsOf(name, uid) });
    await routed.pass(2_000);
    return asked;
  };
  object(routed, 'web-0');
  const first = await ask('one', 'web-0');
  expect(first).toMatchObject({ exitCode: 0 });
  await routed.small.call('DEL', { id: 'one' });
  await routed.pass(100);
  expect((await ask('two', 'web-0')).ips).toEqual(first.ips);
  object(routed, 'web-1', { ip: '10.244.9.9' });
  expect((await ask('three', 'web-1')).says).toContain('it is of no range of this node');
  object(routed, 'web-2', { conflict: 'renew', ip: '10.244.9.8' });
  expect((await ask('four', 'web-2')).ips[0]).toContain('10.244.1.');
  await routed.small.close();
});
