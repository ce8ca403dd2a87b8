import { type Address, contains, type Prefix } from '../../src/base/ip.ts';
import { nicMark } from '../../src/core/datapath/nic-plan.ts';
import { NIC_OF } from '../../src/core/datapath/node-ruleset.ts';
import type { Holdable } from '../../src/core/ipam/nic.ts';
import type { Pool } from '../../src/core/ipam/pool.ts';
import { TAG_CREATED, TAG_INSTANCE } from '../../src/io/cloud/aws/settings.ts';
import { nicsOf } from '../../emulator/cloud/cloud.ts';
import { lawsBroken } from '../../emulator/cloud/laws.ts';
import type { Id, Nic } from '../../emulator/cloud/nouns.ts';
import type { ReplyFrame } from '../../src/wire/agent/frame.ts';
import { type Blame, nameOf } from '../checkers.ts';
import type { Run } from '../run.ts';
import { type Call, isLive, type Sandbox, toldBy } from '../runtime.ts';
import type { Asks } from './asks.ts';
import type { Cluster, Node } from './cluster.ts';
import { isTaken, type Meddling } from './outside.ts';

// What must hold between nodes and their cloud, seen from outside: the cloud's own truth, what was told to whom.

/** What the laws are about. */
export interface CloudScene {
  readonly cluster: Cluster;
  readonly meddling: Meddling; // what others did
  readonly lags: boolean; //      a Describe may miss for long what was just made
  readonly asks: Asks;
  readonly fenced?: (node: string, address: string) => boolean; // the cluster wants it taken from there
}

/** What is wrong with an answer that a node's runtime just got. */
export function* atCloudAnswer(scene: CloudScene, run: Run, call: Call, reply: ReplyFrame): Generator<Blame> {
  const sandbox = run.parts.runtime.sandboxes.get(call.sandbox);
  const node = scene.cluster.nodes.find((it) => it.run === run);
  const isAdd = call.kind === 'add' || call.kind === 'again';
  if (!isAdd || call.orphaned || reply.exitCode !== 0 || sandbox === undefined || node === undefined) return;
  for (const address of toldBy(reply.stdout).addresses) yield* placeOf(scene, node, { sandbox, address });
}

/** Whether a pod's address is this node's alone, by the cloud and by the kernel. */
function* placeOf(
  { cluster, meddling }: CloudScene,
  node: Node,
  { sandbox, address }: { readonly sandbox: Sandbox; readonly address: Address },
): Generator<Blame> {
  if (isTaken(meddling, address)) return; // nobody can know so soon
  const whom = `${address} of ${node.name}'s ${nameOf(sandbox)}`;
  for (const other of cluster.nodes) {
    const pod = other.run.parts.runtime.live().find(({ told }) => told?.addresses.includes(address));
    if (other !== node && pod !== undefined)
      yield { law: 'two', detail: `${whom} is ${other.name}'s ${nameOf(pod)}'s, too` };
  }
  const nic = nicsOf(cluster.region.cloud, node.instance).find((it) => holds(it, address));
  if (nic?.attachment === undefined) return yield { law: 'assigned', detail: `${whom} is on no NIC of it` };
  const mark = markOf(node.run, address);
  const { id, attachment } = nic;
  if (mark !== nicMark(attachment)) yield { law: 'assigned', detail: `${whom} is ${id}'s, and marked ${mark}` };
}

/** Whether a NIC has an address besides its own. */
export function holds({ addresses, prefixes }: Nic, address: Address): boolean {
  return addresses.slice(1).includes(address) || prefixes.some((it) => contains(it, address));
}

/** By which NIC the kernel sends what comes from an address. */
function markOf(run: Run, address: Address): number | undefined {
  for (const { item } of run.parts.machine.world.things()) {
    if (item.kind !== 'element' || item.set !== NIC_OF.v4) continue;
    const [key = ''] = item.key;
    if (key === address || (key.includes('/') && contains(key as Prefix, address))) return Number(item.data?.[0]);
  }
  return undefined;
}

/** What is wrong with a line of an agent's log. */
export function* atSaying(
  { cluster, meddling, fenced = () => false }: CloudScene,
  event: string,
  { nic, what = [] }: Readonly<Record<string, unknown>>,
): Generator<Blame> {
  if (event !== 'taken from outside') return;
  const truth = cluster.region.cloud.nics.get(nic as Id);
  const node = cluster.nodes.find(({ instance }) => instance === truth?.attachment?.instance)?.name ?? '';
  const lost = (what as readonly Holdable[]).filter((it) => !meddling.taken.has(it) && !fenced(node, it));
  if (lost.length > 0 && truth?.attachment !== undefined)
    yield { law: 'told', detail: `${lost} of ${truth.id}: nobody took it` };
}

/**
 * One intent makes one NIC, however often it is asked for. Judged before lost ones are swept; what was deleted may be
 * made anew.
 */
export function* onceMade({ cluster, lags }: CloudScene): Generator<Blame> {
  if (lags) return; // what nobody sees is made again, and swept in the end
  const { tokens, nics } = cluster.region.cloud;
  const made = new Map<string, string>();
  for (const [key, use] of tokens) {
    const [, action, token = ''] = key.split(' ');
    if (action !== 'CreateNetworkInterface' || !use.made.some(({ id }) => nics.has(id))) continue;
    const intent = token.slice(0, token.lastIndexOf('-'));
    const other = made.get(intent);
    if (other !== undefined) yield { law: 'once', detail: `${other} and ${token}` };
    made.set(intent, token);
  }
}

/** At rest: the cloud, the agents and the pods agree. Nodes whose agent is down are not asked. */
export function* cloudAtRest(scene: CloudScene): Generator<Blame> {
  const { cluster, meddling } = scene;
  for (const broken of lawsBroken(cluster.region.cloud)) yield { law: 'cloud', detail: broken };
  for (const id of meddling.theirs)
    if (!cluster.region.cloud.nics.has(id)) yield { law: 'foreign', detail: `${id} of others is gone` };
  for (const node of cluster.nodes) {
    if (!node.run.up) continue;
    yield* nodeAtRest(scene, node);
    for (const sandbox of node.run.parts.runtime.live())
      if (isLive(sandbox) && !sandbox.meddled)
        for (const address of sandbox.told?.addresses ?? []) yield* placeOf(scene, node, { sandbox, address });
  }
}

/** Whether a node knows what it has, and believes in nothing else. */
export function* nodeAtRest({ cluster, meddling }: CloudScene, node: Node): Generator<Blame> {
  const pool = node.run.life?.belief().pool;
  if (pool?.cloud === undefined) return;
  const truth = nicsOf(cluster.region.cloud, node.instance);
  for (const nic of truth) {
    const known = pool.cloud.nics.find(({ report }) => report.id === (nic.id as string));
    if (known === undefined) yield { law: 'owned', detail: `${node.name} does not know its ${nic.id}` };
    else {
      yield* unlike(node, nic, new Set([...known.holds.keys()].map(String)));
      for (const [it, { trust }] of known.holds)
        if (trust === 'foreign' && !meddling.added.has(it))
          yield { law: 'owned', detail: `${node.name} takes ${it} of its ${nic.id} for another's` };
    }
  }
  for (const { report } of pool.cloud.nics)
    if (!truth.some(({ id }) => id === (report.id as string)))
      yield { law: 'owned', detail: `${node.name} believes in ${report.id}, which it does not have` };
}

function* unlike(node: Node, nic: Nic, known: ReadonlySet<string>): Generator<Blame> {
  const has = new Set<string>([...nic.addresses.slice(1), ...nic.prefixes]);
  for (const it of has)
    if (!known.has(it)) yield { law: 'owned', detail: `${node.name} does not know ${it} of its ${nic.id}` };
  for (const it of known)
    if (!has.has(it)) yield { law: 'owned', detail: `${node.name} believes in ${it} of ${nic.id}, which it has not` };
}

/** What a node still has to find out of its cloud. */
export function unresolved({ run }: Node): readonly string[] {
  const pool = run.life?.belief().pool;
  const flights = pool?.cloud?.flights.map(({ intent }) => intent.token as string) ?? [];
  return [...new Set([...flights, ...openIntents(run)])];
}

function openIntents(run: Run): readonly string[] {
  const intents = run.life?.intents() ?? [];
  return [...intents].flatMap(({ intent, settledAt }) => (settledAt === undefined ? [intent.token] : []));
}

/** NICs that agents made and that are on no instance. */
export function strays(cluster: Cluster): readonly Nic[] {
  const { nics } = cluster.region.cloud;
  return [...nics.values()].filter(
    (it) => it.attachment === undefined && it.tags[TAG_INSTANCE] !== undefined && it.tags[TAG_CREATED] !== undefined,
  );
}

/** Whether a pool has been told everything, and has nothing in doubt. */
export function isSure(pool: Pool | undefined): boolean {
  const { cloud } = pool ?? {};
  if (cloud === undefined || cloud.report.sureAt === 0) return false;
  return cloud.nics.every(
    ({ trust, ready, holds, report }) =>
      trust === 'sure' &&
      (ready || !report.managed) &&
      [...holds.values()].every((it) => it.trust === 'sure' || it.trust === 'foreign'),
  );
}
