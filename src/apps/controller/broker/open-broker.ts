import type { Address } from '../../../base/ip.ts';
import { AUDIENCE } from '../../../wire/broker/beacon.ts';
import type { StaticAddressShape } from '../../../wire/kube/crd/static-address.ts';
import type { ReconcilerDoors } from '../doors.ts';
import type { Reconciler } from '../reconciler.ts';
import type { Sources } from '../sources.ts';
import { beaconReconciler } from './beacon-reconciler.ts';
import type { BrokerDoors } from './broker-doors.ts';
import { Callers } from './callers.ts';
import { Desk } from './desk.ts';
import { Instances } from './instances.ts';
import { saysIn } from './cluster-says.ts';
import { reviewBy } from './review.ts';

/** One replica's broker. Its reconciler tells agents where it is while it leads. */
export interface Broker {
  readonly reconciler: Reconciler;
  close(): void;
}

/** Answers agents from now on. Throws TypeError without a cloud: who has none needs no broker. */
export function openBroker(doors: ReconcilerDoors, sources: Sources, { server, meter }: BrokerDoors): Broker {
  const { client, clock, log, leads, cloud, config } = doors;
  if (cloud === undefined) throw new TypeError('a broker without a cloud');
  const { nodes, staticAddresses } = sources;
  const { namespace, broker, calls } = config;
  const admission = { user: `system:serviceaccount:${namespace}:${broker.agents}`, audience: AUDIENCE };
  const instances = new Instances(nodes, cloud, saysIn(sources));
  const rights = staticAddresses.want();
  const desk = new Desk({
    callers: new Callers({ review: reviewBy(client), admission, clock }),
    instances,
    mayTake: (node, address, from) => !instances.isInUse(from) && hasRight(rights.entries(), { node, address, from }),
    synced: () => nodes.synced && rights.synced,
    changesPerSecond: calls.changing.perSecond,
    ...{ leads, clock, log, meter },
  });
  server.answerBy((request) => desk.serve(request));
  return { reconciler: beaconReconciler(doors, server), close: () => desk.close() };
}

/** The address is of a name that the controller gave to this node, and was left on that NIC (A90). */
function hasRight(
  names: Iterable<readonly [key: string, name: StaticAddressShape]>,
  of: { readonly node: string; readonly address: Address; readonly from: string },
): boolean {
  for (const [, { spec, status }] of names)
    if (spec.node === of.node && status.nic === of.from && status.addresses.includes(of.address)) return true;
  return false;
}
