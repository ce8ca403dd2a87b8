import type { NodeSeen, StaticAct, StaticSeen } from '../../core/cluster/static-plan.ts';
import { staticPlan } from '../../core/cluster/static-plan.ts';
import type { StaticAddressShape } from '../../wire/kube/crd/static-address.ts';
import { STATIC_ADDRESS, STATIC_ADDRESSES, writeStaticSpec } from '../../wire/kube/crd/static-address.ts';
import { typeOf } from '../../wire/kube/crd/definition.ts';
import { readRetention } from '../../wire/kube/retention.ts';
import { NOT_STATIC } from '../../wire/kube/static-pod.ts';
import type { ReconcilerDoors } from './doors.ts';
import { KeyIndex } from './key-index.ts';
import { type Reconciler, watching } from './reconciler.ts';
import type { Sources } from './sources.ts';

/**
 * Gives each name of a StatefulSet's pods the right to its address, to one node at a time, and ends it when nobody has
 * wanted the pod for its retention (A90). Every write names the version that it was decided on.
 */
export function staticAddressesReconciler(doors: ReconcilerDoors, sources: Sources): Reconciler {
  const { staticPods: pods, staticAddresses: known, statefulSets: sets, nodes } = sources;
  const byNode = new KeyIndex(known, ({ spec }) => spec.node);
  const bySet = new KeyIndex(known, setKey);
  return {
    name: 'static-addresses',
    atOnce: 8,
    watches: [
      watching(known, ({ key }) => [key]),
      watching(pods, (change) => {
        const isStatic = (it: unknown) => it !== NOT_STATIC;
        const before = change.kind !== 'added' && isStatic(change.before);
        return before || (change.kind !== 'removed' && isStatic(change.now)) ? [change.key] : [];
      }),
      watching(sets, ({ key }) => [...bySet.keys(key)]),
      watching(nodes, (change) => {
        const same = change.kind === 'changed' && change.before.ready === change.now.ready;
        return same ? [] : [...byNode.keys(change.key)];
      }),
    ],
    reconcile: async (key) => {
      const seen = seenOf(sources, key);
      const retention = readRetention(seen.pod?.retention ?? seen.known?.spec.retention ?? '');
      const retentionMs = retention?.kind === 'for' ? retention.ms : undefined;
      const { act, againInMs } = staticPlan(seen, retentionMs, doors.clock.now());
      if (act !== undefined) await carryOut(doors, { key, act, known: known.get(key) });
      return againInMs === undefined ? undefined : { againInMs };
    },
  };
}

function seenOf(sources: Sources, key: string): StaticSeen {
  const known = sources.staticAddresses.get(key);
  const pod = sources.staticPods.get(key);
  const asks = pod === undefined || pod === NOT_STATIC ? undefined : pod;
  const [namespace = '', name = ''] = key.split('/');
  const owner = asks?.owner ?? known?.spec.owner;
  const set = owner && sources.statefulSets.get(`${namespace}/${owner.name}`);
  return { name, known, pod: asks, set, holder: nodeSeen(sources, known?.spec.node ?? '') };
}

function nodeSeen({ nodes }: Sources, name: string): NodeSeen {
  const node = nodes.get(name);
  if (name === '' || node?.ready === true) return 'there';
  return node === undefined ? 'gone' : 'silent';
}

async function carryOut(
  { client, log }: ReconcilerDoors,
  of: { readonly key: string; readonly act: StaticAct; readonly known: StaticAddressShape | undefined },
): Promise<void> {
  const { key, act, known } = of;
  const [namespace = '', name = ''] = key.split('/');
  const at = { resource: STATIC_ADDRESSES, namespace, name };
  if (act.act === 'make') {
    const object = { ...typeOf(STATIC_ADDRESS), metadata: { name, namespace }, spec: writeStaticSpec(act.spec) };
    await client.create(at, object);
    log.info('static address made', { of: key, node: act.spec.node });
    return;
  }
  if (known === undefined) return;
  if (act.act === 'remove') {
    await client.remove(at, { uid: known.uid, resourceVersion: known.version });
    log.info('static address given back', { of: key, ips: known.status.addresses });
    return;
  }
  const { node, next } = act.spec;
  await client.patch(at, 'merge', {
    metadata: { resourceVersion: known.version },
    spec: writeStaticSpec(act.spec),
  });
  if (node !== known.spec.node || next !== known.spec.next) log.info('static address moves', { of: key, node, next });
}

function setKey({ namespace, spec }: StaticAddressShape): string {
  return `${namespace}/${spec.owner.name}`;
}
