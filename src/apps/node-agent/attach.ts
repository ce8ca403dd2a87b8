import type { Millis } from '../../base/clock.ts';
import type { Address } from '../../base/ip.ts';
import { attachmentId, type AttachmentId, type AttachmentRecord, furtherIds } from '../../core/attachment.ts';
import type { NicWish } from '../../core/ipam/nic.ts';
import { NODE_WAIT_MS } from '../../core/datapath/numbers.ts';
import { show } from '../../core/datapath/plan.ts';
import { portListener } from '../../core/datapath/ports.ts';
import { apply, PlanError, retract } from '../../io/kernel/execute.ts';
import { CniError } from '../../wire/cni/error.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import type { AddRequest, CheckRequest, DelRequest } from '../../wire/cni/request.ts';
import { type Attachments, holderName } from './attachments.ts';
import type { BranchRunner } from './branch-runner.ts';
import { claimBranch } from './claim-branch.ts';
import type { AgentDoors } from './doors.ts';
import { type History, whom } from './history.ts';
import type { NodeRunner } from './node-runner.ts';
import { type ClaimWish, type PoolRunner, RefusalError } from './pool-runner.ts';
import type { StaticRunner } from './static-runner.ts';
import { type AddCall, answerOf, type Kin, wishOf, type Wish } from './wish.ts';

/** What ADD and DEL work with. */
export interface AttachDoors extends Pick<AgentDoors, 'kernel' | 'clock' | 'journal'> {
  readonly attachments: Attachments;
  readonly history: History;
  readonly pool: PoolRunner;
  readonly node: NodeRunner;
  readonly statics?: StaticRunner; // of a cluster
  readonly branches?: BranchRunner; // where pods may have NICs of their own
}

/** How long the parts of an ADD took, in milliseconds: for the metrics, and for whoever asks why it was slow. */
export interface AddTimes {
  readonly claimMs: number; // with the record on disk
  readonly applyMs: number;
}

export interface Attached {
  readonly record: AttachmentRecord;
  readonly result: string; // for stdout
  readonly times: AddTimes;
  readonly again: boolean; // the same attachment was asked for a second time
}

/** One interface of an ADD: what is wanted of its NIC, whose it is, and how long it may wait. */
export interface InterfaceCall extends AddCall {
  readonly nic: NicWish;
  readonly kin: Kin;
  readonly until: Millis;
}

/** Claim, plan, apply, answer. What fails leaves what it found. Throws CniError, RefusalError. */
export async function attach(doors: AttachDoors, call: InterfaceCall): Promise<Attached> {
  const { request, config, groups = [], nic, kin, until } = call;
  const began = doors.clock.steady();
  const id = idOf(request, config);
  const caller = { id, netns: request.netns, until, nic };
  refuseWrongSandbox(doors, request);
  if (!doors.node.known) await refuseBeforeNode(doors);
  const held = doors.attachments.get(id);
  const ordinal = held?.ordinal ?? doors.attachments.nextOrdinal(request.netns);
  const wish = wishOf({ place: doors.node.place(), clock: doors.clock, ordinal, kin }, id, call);
  const record =
    held === undefined
      ? await claim(doors, { ...caller, groups }, wish)
      : await again(doors, sameSandbox(held, request));
  const claimed = doors.clock.steady();
  await applyPlan(doors, record, held === undefined);
  await forgetFlows(doors, record);
  const applied = doors.clock.steady();
  const times = { claimMs: claimed - began, applyMs: applied - claimed };
  return { record, result: answerOf([record], config), times, again: held !== undefined };
}

/**
 * DEL: the stored plan, backwards; before it that of each interface that came with it. The addresses stay claimed while
 * anything in the kernel still uses them. Unknown = success. Throws CniError(tryAgainLater).
 */
export async function detach(doors: AttachDoors, id: AttachmentId): Promise<AttachmentRecord | undefined> {
  const record = doors.attachments.get(id);
  if (record === undefined) return undefined;
  for (const part of furtherIds(record)) await detachPart(doors, part);
  const left = await retract(doors.kernel, record.plan, record.netns);
  if (left.length > 0) {
    const [first] = left;
    doors.history.note(whom(record), { kind: 'remained', left: left.map(({ item }) => show(item)) });
    throw new CniError('tryAgainLater', `${left.length} parts of ${id} remain in the kernel`, {
      details: `the first: ${first === undefined ? '' : first.error.message}. The address stays reserved; the runtime will ask again`,
      cause: first?.error,
    });
  }
  await forgetFlows(doors, record);
  await letGo(doors, record, true);
  return record;
}

async function detachPart(doors: AttachDoors, id: AttachmentId): Promise<void> {
  const began = doors.clock.steady();
  const record = await detach(doors, id);
  if (record === undefined) return;
  const ms = doors.clock.steady() - began;
  const coolingMs = doors.node.config.pool.cooldownMs;
  doors.history.note({ id, addresses: record.addresses }, { kind: 'detached', ms, coolingMs });
}

export function idOf(request: AddRequest | CheckRequest | DelRequest, config: NetworkConfig): AttachmentId {
  return attachmentId({ network: config.name, containerId: request.containerId, ifname: request.ifname });
}

function refuseWrongSandbox({ kernel }: AttachDoors, request: AddRequest): void {
  const found = kernel.namespaceAt(request.netns);
  if (found === 'none')
    throw new CniError('invalidNetns', `CNI_NETNS ${request.netns} is not a network namespace`, {
      details: 'the sandbox is gone or was never made; the runtime should make a new one',
    });
  if (!request.netnsOverride && found === 'host')
    throw new CniError('invalidNetns', `CNI_NETNS ${request.netns} is the node's own network namespace`, {
      details: 'a pod of the host network needs no CNI plugin; set CNI_NETNS_OVERRIDE=1 if this is meant',
    });
}

/** Without the node's plan a pod would get nobody's routes and any MTU. It is being made: an ADD waits a little. */
async function refuseBeforeNode({ node }: AttachDoors): Promise<void> {
  await node.settled(Math.min(NODE_WAIT_MS, node.patienceMs));
  if (!node.known) throw new RefusalError({ why: 'starting', cause: node.trouble ?? 'the agent is being stopped' });
}

type Caller = Pick<ClaimWish, 'id' | 'netns' | 'until' | 'nic'> & { readonly groups: readonly string[] };

/** The addresses are their pool's again, or the NIC its trunk's. `used`: they had reached the wire. */
async function letGo(doors: AttachDoors, record: AttachmentRecord, used: boolean): Promise<void> {
  const { id, addresses, branch } = record;
  if (branch === undefined) await doors.pool.release(id, used);
  else await doors.attachments.remember([{ kind: 'release', id, addresses, freeAt: 0 }]);
  doors.branches?.give(id, used); // of one that was found by its link alone nobody knew of the NIC
}

async function claim(doors: AttachDoors, caller: Caller, wish: Wish): Promise<AttachmentRecord> {
  const { families, wanted, describe, pod, ports, holder } = wish;
  const failing = doors.journal.failing();
  if (failing !== undefined) throw new RefusalError({ why: 'not-durable', cause: failing });
  const taken = doors.attachments.takePorts(ports, holder);
  if ('held' in taken) {
    const { mapping, holder } = taken.held;
    throw new RefusalError({ why: 'port-taken', protocol: mapping.protocol, hostPort: mapping.hostPort, holder });
  }
  try {
    await refuseListeners(doors, wish);
    if (caller.groups.length > 0) return await claimBranch(doors, caller, wish);
    const waits = (addresses: readonly Address[], readyInMs: Millis) =>
      doors.history.note(
        { id: caller.id, pod, addresses },
        addresses.length === 0 ? { kind: 'hoped' } : { kind: 'waited', readyInMs },
      );
    const keeps = wish.keeper === undefined ? {} : { keeper: wish.keeper };
    const ask = () => doors.pool.claim({ ...caller, families, wanted, describe, waits, ...keeps });
    if (pod === undefined || wish.keeper === undefined || doors.statics === undefined) return await ask();
    return await doors.statics.claim(pod, caller.until, ask);
  } finally {
    taken.give();
  }
}

/** Of a name's address the cluster may not have been told: the agent ended before it could. */
async function again({ statics }: AttachDoors, record: AttachmentRecord): Promise<AttachmentRecord> {
  const { pod, keeper } = record;
  if (pod !== undefined && keeper !== undefined) await statics?.confirm(pod, record);
  return record;
}

/** What a process of the node listens on would never reach it again. */
async function refuseListeners({ kernel }: AttachDoors, { ports, families }: Wish): Promise<void> {
  for (const mapping of ports) {
    const listener = portListener(mapping, families, await kernel.listeners(mapping));
    if (listener === undefined) continue;
    const { protocol, hostPort } = mapping;
    throw new RefusalError({ why: 'port-taken', protocol, hostPort, holder: listener.process });
  }
}

/**
 * The first answer may have been lost on its way, so the same question gets it again; from another sandbox it is
 * another question.
 */
function sameSandbox(held: AttachmentRecord, request: AddRequest): AttachmentRecord {
  if (held.netns === request.netns) return held;
  throw new RefusalError({
    why: 'interface-exists',
    ifname: request.ifname,
    holder: `${holderName(held)} in ${held.netns}`,
  });
}

/** All of the plan, or nothing more than there was. A claim that never reached the wire needs no cooling. */
async function applyPlan(doors: AttachDoors, record: AttachmentRecord, fresh: boolean): Promise<void> {
  try {
    await apply(doors.kernel, record.plan, record.netns);
  } catch (cause) {
    if (!(cause instanceof PlanError)) throw cause;
    if (fresh && cause.left.length === 0) {
      await letGo(doors, record, false); // otherwise DEL or the sweep does
      if (record.pod !== undefined) doors.statics?.ended(record.pod);
    }
    throw planRefused(record, cause);
  }
}

function planRefused(record: AttachmentRecord, cause: PlanError): CniError | RefusalError {
  const { ifname } = record.name;
  if (cause.item.kind === 'veth' && cause.error.kind === 'exists')
    return new RefusalError({ why: 'interface-exists', ifname, holder: cause.error.message }, { cause });
  return new CniError('kernelRefused', cause.message, {
    details: `${cause.error.message}. What this call had made was taken back${cause.left.length > 0 ? `, but for ${cause.left.length} parts` : ''}; berth check tells whether the node lacks something`,
    cause,
  });
}

/** Connection tracking would keep sending old UDP flows to whoever had the port before. */
async function forgetFlows({ kernel }: AttachDoors, record: AttachmentRecord): Promise<void> {
  for (const { protocol, hostPort } of record.ports) {
    if (protocol !== 'udp') continue;
    for (const family of ['v4', 'v6'] as const) await kernel.forgetFlows({ protocol, hostPort, family });
  }
}
