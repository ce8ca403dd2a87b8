import type { Address } from '../../src/base/ip.ts';
import { keptFor } from '../../src/core/attachment.ts';
import type { ReplyFrame } from '../../src/wire/agent/frame.ts';
import {
  readStaticAddress,
  STATIC_ADDRESSES,
  type StaticAddressShape,
} from '../../src/wire/kube/crd/static-address.ts';
import { loose } from '../../src/wire/kube/object.ts';
import { TAG_INSTANCE } from '../../src/io/cloud/aws/settings.ts';
import { type Cloud, nicsOf } from '../../emulator/cloud/cloud.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { atCloudAnswer, holds } from '../cloud/cloud-checkers.ts';
import type { Node } from '../cloud/cluster.ts';
import type { Action, Inputs } from '../cloud/ec2-requests.ts';
import { type Blame, nameOf } from '../checkers.ts';
import type { Run } from '../run.ts';
import { type Call, idOf, isLive, type Sandbox, toldBy } from '../runtime.ts';
import type { ClusterStage } from './whole-cluster.ts';

// What must hold in a cluster, seen from outside: the store's own truth, the cloud's, and what was told to pods.

/** All static addresses, as they are. */
export function staticsOf({ api }: ClusterStage): readonly StaticAddressShape[] {
  return api.store.list({ resource: STATIC_ADDRESSES }, { limit: 0 }).items.map(readStaticAddress);
}

/** What is wrong with an answer that a node's runtime just got. */
export function* atPodAnswer(
  cluster: ClusterStage,
  run: Run,
  of: { readonly call: Call; readonly reply: ReplyFrame; readonly node: string },
): Generator<Blame> {
  const { call, reply, node } = of;
  yield* atCloudAnswer(cluster.stage.scene, run, call, reply);
  const sandbox = run.parts.runtime.sandboxes.get(call.sandbox);
  const isAdd = call.kind === 'add' || call.kind === 'again';
  if (!isAdd || call.orphaned || reply.exitCode !== 0 || sandbox === undefined) return;
  const { addresses } = toldBy(reply.stdout);
  const statics = staticsOf(cluster);
  for (const it of statics) {
    const shared = it.status.addresses.find((one) => addresses.includes(one));
    if (shared !== undefined && it.name !== sandbox.wants.pod?.name)
      yield { law: 'kept', detail: `${shared} is ${it.name}'s, and was told to ${nameOf(sandbox)} of ${node}` };
  }
  if (sandbox.wants.pod?.keeps !== true) return;
  if (isKeeping(run, sandbox)) yield* atStaticAnswer(cluster, { sandbox, addresses, statics });
  else yield { law: 'static', detail: `${sandbox.wants.pod.name} was not asked what it keeps` };
}

/** Whether the agent knows that it keeps its address. */
function isKeeping(run: Run, sandbox: Sandbox): boolean {
  return run.life?.belief().pool?.keepers.has(idOf(sandbox)) === true;
}

function* atStaticAnswer(
  { promises }: ClusterStage,
  of: {
    readonly sandbox: Sandbox;
    readonly addresses: readonly Address[];
    readonly statics: readonly StaticAddressShape[];
  },
): Generator<Blame> {
  const { sandbox, addresses, statics } = of;
  const name = sandbox.wants.pod?.name ?? '';
  const known = statics.find((it) => it.name === name);
  if (known === undefined)
    return yield { law: 'static', detail: `${name} was told ${addresses}, and nothing is on record` };
  if (`${known.status.addresses}` !== `${addresses}`)
    yield { law: 'static', detail: `${name} was told ${addresses}; on record is ${known.status.addresses}` };
  const before = promises.told(name, known.uid);
  if (before !== undefined && `${before}` !== `${addresses}`)
    yield { law: 'static', detail: `${name} was told ${before}, and now ${addresses}` };
  promises.note(name, { uid: known.uid, addresses });
}

/**
 * A NIC that the controller is about to make for a node is one that this node asked for: when it asked, it had it on
 * record (questions.ts). Not now: a question may be late, and what it was about given up.
 */
export function* atBrokered(
  { stage, questions }: ClusterStage,
  action: Action,
  input: Inputs[Action],
): Generator<Blame> {
  if (action !== 'CreateNetworkInterface') return;
  const { ClientToken: token = '', TagSpecifications: tags } = input as Inputs['CreateNetworkInterface'];
  const instance = tags?.[0]?.Tags?.find(({ Key }) => Key === TAG_INSTANCE)?.Value;
  const node = stage.scene.cluster.nodes.find((it) => it.instance === instance);
  if (node !== undefined && !questions.hasAsked(node.name, token))
    yield { law: 'recorded', detail: `${action} ${JSON.stringify(input)}` };
}

/**
 * After something changed in the cloud: no address leaves the NIC of a pod that stands. Only the fence takes it: of a
 * pod that was removed by force, on a node that was not Ready when the right to the address moved on.
 */
export function* atTouched({ stage, kube, fences }: ClusterStage, run: Run): Generator<Blame> {
  const { cluster } = stage.scene;
  const node = cluster.nodes.find((it) => it.run === run);
  if (node === undefined) return;
  const { runtime, machine } = run.parts;
  for (const sandbox of runtime.sandboxes.values()) {
    if (sandbox.told === undefined || sandbox.gone || sandbox.meddled) continue;
    for (const address of sandbox.told.addresses) {
      if (nicsOf(cluster.region.cloud, node.instance).some((it) => holds(it, address))) continue;
      const stands = machine.world
        .things()
        .some(
          ({ item, sandbox: home }) =>
            home === sandbox.netns && item.kind === 'address' && item.address.startsWith(`${address}/`),
        );
      if (!stands) continue;
      runtime.change(sandbox, { meddled: true }); // told once
      const forced = !kube.pods().some(({ metadata }) => metadata.uid === sandbox.wants.pod?.uid);
      if (forced && fences.isTaken(node.name, address)) continue;
      yield { law: 'assigned', detail: `${address} left the NICs of ${node.name} under ${nameOf(sandbox)}` };
    }
  }
}

/** Whether agents, cloud and cluster say the same of addresses that are kept. */
export function* disagreements(cluster: ClusterStage): Generator<string> {
  const statics = staticsOf(cluster);
  const { nodes, region } = cluster.stage.scene.cluster;
  for (const node of nodes) yield* keepersOf(node, { cloud: region.cloud, statics });
  for (const it of statics) yield* standingOf(cluster, it);
  for (const { name, run } of cluster.stage.scene.cluster.nodes)
    for (const { wants } of run.parts.runtime.live())
      if (wants.pod?.keeps === true && !statics.some((it) => it.name === wants.pod?.name))
        yield `${wants.pod.name} lives on ${name}, and has no StaticAddress`;
}

function* keepersOf(
  { name, run, instance }: Node,
  { cloud, statics }: { readonly cloud: Cloud; readonly statics: readonly StaticAddressShape[] },
): Generator<string> {
  const { claims } = run.life?.belief().pool ?? {};
  for (const [id, addresses] of claims ?? []) {
    const kept = keptFor(id);
    if (kept === undefined) continue;
    const known = statics.find((it) => it.name === kept.name);
    if (known === undefined) yield `${name} keeps ${addresses} for ${kept.name}, of which nobody knows`;
    else if (known.spec.node !== name && !isGuest(cloud, instance, { known, addresses }))
      yield `${name} keeps ${addresses} for ${kept.name}, which is with ${known.spec.node}`;
    else if (known.status.addresses.length > 0 && `${known.status.addresses}` !== `${addresses}`)
      yield `${name} keeps ${addresses} for ${kept.name}, whose is ${known.status.addresses}`;
  }
}

/** Whether it came there by a count, and nobody misses it: then it stays until somebody does. */
function isGuest(
  cloud: Cloud,
  instance: Id,
  { known, addresses }: { readonly known: StaticAddressShape; readonly addresses: readonly Address[] },
): boolean {
  const isHere = (it: Address) => nicsOf(cloud, instance).some((nic) => holds(nic, it));
  return known.status.state !== 'Lost' && addresses.every(isHere);
}

function* standingOf({ stage: { scene } }: ClusterStage, it: StaticAddressShape): Generator<string> {
  const { cluster } = scene;
  const { name, spec, status } = it;
  const of = (node: Node) => node.run.parts.runtime.live().find(({ wants }) => wants.pod?.name === name);
  const holders = cluster.nodes.filter((node) => of(node) !== undefined);
  const [holder] = holders;
  if (holders.length > 1) yield `${name} lives on ${holders.map((node) => node.name)}`;
  if (holder !== undefined) {
    const told = of(holder)?.told?.addresses;
    if (spec.node !== holder.name || status.node !== holder.name || status.state !== 'InUse')
      yield `${name} lives on ${holder.name}; on record it is ${status.state} on ${status.node}, given to ${spec.node}`;
    if (`${told}` !== `${status.addresses}`) yield `${name} has ${told}; on record are ${status.addresses}`;
    return;
  }
  const node = cluster.nodes.find((one) => one.name === status.node);
  if (status.state === 'InUse' && node !== undefined)
    // a node that is gone tells nothing more
    yield `${name} is InUse on ${status.node}, where it does not live; given to ${spec.node}`;
  const keeps = node?.run.life?.belief().pool?.claims;
  const kept = [...(keeps ?? [])].some(([id]) => keptFor(id)?.name === name);
  if (status.state === 'Kept' && node !== undefined && !kept)
    yield `${name} is kept on ${status.node}, which does not know of it`;
  for (const { run, name: other, instance } of cluster.nodes)
    for (const sandbox of run.parts.runtime.live())
      if (isLive(sandbox) && sandbox.told?.addresses.some((one) => status.addresses.includes(one)))
        yield `${status.addresses} of ${name} is ${nameOf(sandbox)}'s on ${other} (${instance})`;
}

/**
 * Whether a name waits for an address that is a NIC's own: EC2 chose it for that while nobody had it, and nobody can
 * take it off. The operator is told (docs/decisions/static-addresses.md).
 */
function isNicsOwn(cluster: ClusterStage, name: string): boolean {
  const { nics } = cluster.stage.scene.cluster.region.cloud;
  const own = new Set([...nics.values()].map(({ addresses }) => addresses[0]));
  return staticsOf(cluster).some((it) => it.name === name && it.status.addresses.some((one) => own.has(one)));
}

/** Pods that StatefulSets want and that do not live; and those that still are to go. */
export function* unserved(cluster: ClusterStage): Generator<string> {
  const { kube, stage } = cluster;
  const live = new Set(
    stage.scene.cluster.nodes.flatMap(({ run }) => run.parts.runtime.live().map(({ wants }) => wants.pod?.uid)),
  );
  const pods = kube.pods();
  for (const { metadata, spec } of kube.sets()) {
    const replicas = Number(loose(spec)['replicas']);
    const there = pods.filter((it) => it.metadata.name.startsWith(`${metadata.name}-`));
    if (there.length !== replicas) yield `${there.length} of ${replicas} pods of ${metadata.name} are there`;
  }
  for (const { metadata } of pods) {
    if (metadata['deletionTimestamp'] !== undefined) yield `${metadata.name} is still to go`;
    else if (!live.has(metadata.uid) && !isNicsOwn(cluster, metadata.name)) yield `${metadata.name} has no network`;
  }
}
