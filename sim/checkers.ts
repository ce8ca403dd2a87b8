import type { Millis } from '../src/base/clock.ts';
import type { Address } from '../src/base/ip.ts';
import type { AttachmentId, AttachmentRecord } from '../src/core/attachment.ts';
import { inPod, isSetting, keyOf, linkUnder } from '../src/core/datapath/identity.ts';
import { hostLinkName } from '../src/core/datapath/pod-plan.ts';
import { type Item, type Plan, show } from '../src/core/datapath/plan.ts';
import type { FakeWorld } from '../src/io/kernel/fake-world.ts';
import type { ReplyFrame } from '../src/wire/agent/frame.ts';
import { type Call, codeOf, idOf, isLive, type Runtime, type Sandbox, toldBy } from './runtime.ts';

// What must hold, seen from outside: what was told to whom, what stands in the kernel, what is on the disk.

/** A law that was broken, and how. */
export interface Blame {
  readonly law: Law;
  readonly detail: string;
}

export const LAWS = {
  two: 'no address on two live pods',
  lost: 'every address that was given back can be given again',
  kernel: 'nothing stands in the kernel without a record',
  record: 'every answered claim is on record',
  deadline: 'every ADD is answered before its deadline',
  cooling: 'no address is given again before it has cooled',
  left: 'after a DEL nothing is left',
  network: 'a live pod keeps its network',
  same: 'the same ADD gets the same answer, and another one an error',
  answer: 'every call is answered',
  delDone: 'a DEL that was answered stays done',
  check: 'CHECK tells the truth',
  given: 'only addresses of the ranges are given, and never a reserved one',
  unfailing: 'a call fails only when something failed',
  defect: 'the agent has no defect',
  starts: 'the agent starts',
  assigned: 'a pod has an address that the cloud has on a NIC of its node, and leaves by that NIC',
  owned: 'every NIC and address of ours is owned, or collected',
  recorded: 'what is asked of the cloud is on record before',
  resolved: 'at rest it is known what came of everything that was asked of the cloud',
  once: 'what is asked for once is made once',
  told: 'what is said to be taken was taken',
  budget: 'calls of the cloud keep within the budget',
  served: 'a pod is served in the end, where there is room',
  foreign: 'what others made is left alone',
  cloud: 'the cloud keeps its own laws',
  static: 'the address of a name stays the name’s',
  kept: 'an address that is kept for a name is given to no other pod',
  agree: 'at rest agents, cloud and cluster agree on kept addresses',
  leads: 'in the end one replica of the controller leads',
} as const;

export type Law = keyof typeof LAWS;

/** What the laws are about. */
export interface Scene {
  readonly runtime: Runtime;
  readonly world: FakeWorld;
  readonly now: Millis;
  readonly cooldownMs: Millis;
  readonly patienceMs: Millis;
  readonly givable: (address: Address) => boolean;
  readonly faults: boolean; // something may have failed
  /**
   * Whether the agent was started since a pod was told its address, and the API server has not answered it since then:
   * it asks whether the cluster has a name's address on record, and until it hears so a second ADD waits.
   */
  readonly isUnconfirmed: (sandbox: Sandbox, since: Millis) => boolean;
}

/** What is wrong with an answer that just came. The runtime does not know it yet. */
export function* atAnswer(scene: Scene, call: Call, reply: ReplyFrame): Generator<Blame> {
  const { runtime, now, patienceMs } = scene;
  const sandbox = runtime.sandboxes.get(call.sandbox);
  const isAdd = call.kind === 'add' || call.kind === 'again' || call.kind === 'elsewhere';
  if (isAdd && now - call.askedAt > patienceMs)
    yield { law: 'deadline', detail: `${nameOf(sandbox)} waited ${now - call.askedAt} ms` };
  if (reply.exitCode !== 0 && codeOf(reply.stdout) === 106) yield { law: 'defect', detail: reply.stdout };
  if (sandbox === undefined || call.orphaned) return;
  if (isAdd) yield* atAdd(scene, call, sandbox, reply);
  if (call.kind === 'del') yield* atDel(scene, sandbox, reply);
  if (call.kind === 'late') yield* atLateDel(scene, sandbox, reply);
  if (call.kind === 'check') yield* atCheck(scene, sandbox, reply);
}

function* atAdd(scene: Scene, call: Call, sandbox: Sandbox, reply: ReplyFrame): Generator<Blame> {
  const { runtime } = scene;
  if (reply.exitCode !== 0) {
    const keeps = sandbox.wants.pod?.keeps === true && codeOf(reply.stdout) === 11;
    const waits = keeps && scene.isUnconfirmed(sandbox, call.askedAt);
    if (call.kind === 'again' && !scene.faults && !sandbox.meddled && !waits)
      yield { law: 'same', detail: `a second ADD of ${nameOf(sandbox)} fails: ${reply.stdout}` };
    yield* standing(scene);
    return;
  }
  const told = toldBy(reply.stdout);
  if (call.kind === 'elsewhere') yield { law: 'same', detail: `${nameOf(sandbox)} was attached to two namespaces` };
  if (sandbox.told !== undefined && sandbox.told.stdout !== reply.stdout)
    yield { law: 'same', detail: `${nameOf(sandbox)} was told ${sandbox.told.stdout}, then ${reply.stdout}` };
  for (const address of told.addresses) {
    const other = runtime.live().find((it) => it.n !== sandbox.n && it.told?.addresses.includes(address));
    if (other !== undefined)
      yield { law: 'two', detail: `${address} was told to ${nameOf(other)} and to ${nameOf(sandbox)}` };
    if (!scene.givable(address)) yield { law: 'given', detail: `${address} was told to ${nameOf(sandbox)}` };
    const left = runtime.left.get(address);
    const early = left !== undefined && scene.now < left.asked + scene.cooldownMs;
    if (sandbox.told === undefined && early && !isKept(runtime, left.holder, sandbox))
      yield { law: 'cooling', detail: `${address} is given again after ${scene.now - left.asked} ms` };
  }
  if (call.kind !== 'elsewhere') yield* standing(scene, { ...sandbox, told });
}

/** Whether the pod before had the same name, and keeps its address. */
function isKept({ sandboxes }: Runtime, holder: number, { wants: { pod } }: Sandbox): boolean {
  const before = sandboxes.get(holder)?.wants.pod;
  return pod?.keeps === true && before?.name === pod.name;
}

function* atDel(scene: Scene, sandbox: Sandbox, reply: ReplyFrame): Generator<Blame> {
  if (reply.exitCode !== 0) {
    if (!scene.faults) yield { law: 'unfailing', detail: `DEL of ${nameOf(sandbox)}: ${reply.stdout}` };
  } else yield* leftOf(scene, [sandbox]);
  yield* standing(scene);
}

/** It was the DEL of another sandbox, of which nothing is there any more. */
function* atLateDel(scene: Scene, sandbox: Sandbox, reply: ReplyFrame): Generator<Blame> {
  if (reply.exitCode !== 0 && !scene.faults)
    yield { law: 'unfailing', detail: `late DEL of ${nameOf(sandbox)}: ${reply.stdout}` };
  yield* standing(scene);
}

/** What is left of sandboxes whose DEL was answered. */
export function* leftOf({ world }: Pick<Scene, 'world'>, gone: readonly Sandbox[]): Generator<Blame> {
  const links = new Map(gone.map((sandbox) => [hostLinkName(idOf(sandbox)), sandbox]));
  for (const { item } of world.things()) {
    const sandbox = links.get(linksNamed(item).find((name) => links.has(name)) ?? '');
    if (sandbox !== undefined) yield { law: 'left', detail: `${show(item)}, of ${nameOf(sandbox)}` };
  }
}

/** The names that may be those of links on the host. */
function linksNamed(item: Item): readonly string[] {
  if (item.kind === 'veth') return [item.host.name];
  return item.kind === 'element' ? item.key : 'on' in item ? [item.on.name] : [];
}

function* atCheck(scene: Scene, sandbox: Sandbox, reply: ReplyFrame): Generator<Blame> {
  if (!isLive(sandbox) || scene.faults) return;
  if (reply.exitCode !== 0 && !sandbox.meddled)
    yield { law: 'check', detail: `${nameOf(sandbox)} is whole, and CHECK says ${reply.stdout}` };
}

/** Whether all live pods (and one more) have what they were told, and no address is in two sandboxes. */
export function* standing({ runtime, world }: Pick<Scene, 'runtime' | 'world'>, more?: Sandbox): Generator<Blame> {
  const found = new Map<string, Set<Address>>(); // sandbox → addresses
  const homes = new Map<Address, string>();
  const links = new Set<string>();
  for (const { item, sandbox } of world.things()) {
    if (item.kind === 'veth') links.add(item.host.name);
    if (item.kind !== 'address' || sandbox === undefined) continue;
    const address = item.address.slice(0, item.address.indexOf('/')) as Address;
    const other = homes.get(address);
    if (other !== undefined) yield { law: 'two', detail: `${address} is in ${other} and in ${sandbox}` };
    homes.set(address, sandbox);
    found.set(sandbox, (found.get(sandbox) ?? new Set()).add(address));
  }
  for (const pod of more === undefined ? runtime.live() : [...runtime.live(), more]) {
    if (pod.meddled || pod.told === undefined || !world.hasSandbox(pod.netns)) continue;
    if (!links.has(hostLinkName(idOf(pod)))) yield { law: 'network', detail: `${nameOf(pod)} has no link` };
    for (const address of pod.told.addresses)
      if (found.get(pod.netns)?.has(address) !== true)
        yield { law: 'network', detail: `${nameOf(pod)} lacks ${address}` };
  }
}

/**
 * After a process died: what it had answered must be on the disk. `draining`: what is spooled is not yet worked off,
 * and what a power cut left of the journal is not yet compared with the kernel.
 */
export function* onRecord(
  { runtime }: Pick<Scene, 'runtime'>,
  attachments: ReadonlyMap<AttachmentId, AttachmentRecord>,
  draining = false,
): Generator<Blame> {
  for (const sandbox of runtime.sandboxes.values()) {
    const record = attachments.get(idOf(sandbox));
    if (isLive(sandbox) && `${record?.addresses}` !== `${sandbox.told?.addresses}`)
      yield {
        law: 'record',
        detail: `${nameOf(sandbox)} was told ${sandbox.told?.addresses}; on record is ${record?.addresses}`,
      };
    if (sandbox.gone && !(draining && (sandbox.spooled || sandbox.cut)) && record !== undefined)
      yield { law: 'delDone', detail: `${nameOf(sandbox)} is on record again` };
  }
}

/** At rest: pool, kernel and records say the same, and what the runtime believes. */
export function* atRest(scene: Scene, attachments: readonly AttachmentRecord[], nodePlan: Plan): Generator<Blame> {
  const { runtime, world } = scene;
  yield* standing(scene);
  yield* onRecord(scene, new Map(attachments.map((it) => [it.id, it])));
  for (const call of runtime.calls.values())
    yield {
      law: 'answer',
      detail: `${call.kind} of ${nameOf(runtime.sandboxes.get(call.sandbox))} was never answered`,
    };
  const planned = new Set(nodePlan.map(keyOf));
  for (const { plan, netns } of attachments) for (const item of plan) planned.add(placed(item, netns));
  const rescued = new Set(attachments.filter(({ netns }) => netns === '').map(({ id }) => hostLinkName(id)));
  const stands = new Set<string>();
  for (const { item, sandbox, foreign } of world.things()) {
    stands.add(placed(item, sandbox));
    if (foreign || isSetting(item) || planned.has(placed(item, sandbox))) continue;
    const under = linkUnder(item);
    // it goes with the link
    if (under !== undefined && rescued.size > 0 && (inPod(item) || rescued.has(under.name))) continue;
    yield { law: 'kernel', detail: show(item) };
  }
  for (const { plan, netns, id } of attachments)
    for (const item of plan)
      if (world.hasSandbox(netns) && !stands.has(placed(item, netns)))
        yield { law: 'network', detail: `${id} lacks ${show(item)}` };
  for (const item of nodePlan)
    if (!stands.has(placed(item, undefined))) yield { law: 'network', detail: `the node lacks ${show(item)}` };
}

function placed(item: Item, sandbox: string | undefined): string {
  return inPod(item) ? `${sandbox} ${keyOf(item)}` : keyOf(item);
}

export function nameOf(sandbox: Sandbox | undefined): string {
  return sandbox === undefined ? 'nobody' : `pod ${sandbox.n}`;
}
