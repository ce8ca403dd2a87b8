import type { AttachmentId, AttachmentRecord, FurtherInterface } from '../../core/attachment.ts';
import type { NicId, NicWish } from '../../core/ipam/nic.ts';
import { nicOf } from '../../core/ipam/pool.ts';
import { nothingAsked } from '../../wire/cni/runtime-config.ts';
import { asksNothing } from '../../wire/kube/annotations.ts';
import { attach, type AttachDoors, type Attached, detach, idOf } from './attach.ts';
import { whom } from './history.ts';
import { nicsAsked } from './place-asks.ts';
import { type AddCall, answerOf } from './wish.ts';

/**
 * ADD: the interface that the runtime asks for, and those that the pod's annotations want besides, each with an address
 * of a NIC of its own. All or none: when one cannot be had, what this call made is taken back (A50). Each is an
 * attachment of its own, and goes with the first. Throws CniError, RefusalError.
 */
export async function attachPod(doors: AttachDoors, call: AddCall): Promise<Attached> {
  const id = idOf(call.request, call.config);
  const until = doors.clock.now() + doors.node.patienceMs;
  const { nic, further } = partsOf(doors, id, call);
  const kin = further.length === 0 ? {} : { further };
  const first = await attach(doors, { ...call, nic, kin, until });
  if (further.length === 0) return first;
  const records = [first.record];
  try {
    for (const part of further) {
      const apart = nicsOf(doors, records, part.card === true);
      const asked = { ...partCall(call, part.ifname), nic: { ...part.nic, apart }, kin: { of: id }, until };
      const { record, times, again } = await attach(doors, asked);
      doors.history.note(whom(record), { kind: 'attached', ms: times.claimMs + times.applyMs, again });
      records.push(record);
    }
  } catch (error) {
    // what a repeated ADD found is the first one's; else DEL or the sweep takes back what is left
    if (!first.again) await detach(doors, id).catch(() => {});
    throw error;
  }
  return { ...first, result: answerOf(records, call.config) };
}

/** Of an attachment that stands what was asked then: its annotations may have changed. */
function partsOf(
  doors: AttachDoors,
  id: AttachmentId,
  { request, asks, groups = [] }: AddCall,
): { readonly nic: NicWish; readonly further: readonly FurtherInterface[] } {
  const held = doors.attachments.get(id);
  if (held !== undefined) return { nic: {}, further: held.further ?? [] };
  const [nic, ...more] = nicsAsked(asks, { config: doors.node.config, cloud: doors.pool.pool.cloud, groups });
  const card = asks.interfaces === 'cards' ? { card: true as const } : {};
  return { nic, further: more.map((it, i) => ({ ifname: nextName(request.ifname, i + 1), nic: it, ...card })) };
}

/** eth0, eth1, eth2: as Linux counts them. */
function nextName(ifname: string, by: number): string {
  const [, stem = ifname, number = '0'] = /^(.*?)(\d+)$/.exec(ifname) ?? [];
  return `${stem}${Number(number) + by}`;
}

/** The NICs that attachments' addresses are of; `cards`: and all others of their network cards. */
function nicsOf({ pool }: AttachDoors, records: readonly AttachmentRecord[], cards: boolean): readonly NicId[] {
  const all = pool.pool.cloud?.nics.map(({ report }) => report) ?? [];
  const ids = records.flatMap(({ addresses }) => addresses.flatMap((address) => nicOf(pool.pool, address) ?? []));
  const taken = new Set(all.filter(({ id }) => ids.includes(id)).map(({ card }) => card));
  return all.filter(({ id, card }) => ids.includes(id) || (cards && taken.has(card))).map(({ id }) => id);
}

/** Ports, addresses by name and MAC are of the first interface. */
function partCall({ request, config, asks }: AddCall, ifname: string): AddCall {
  const { bandwidth } = config.runtime;
  const { mtuBytes, ingressBits, egressBits } = asks;
  const { prevResult: _, ...plain } = config;
  return {
    request: { ...request, ifname, args: { ...request.args, ips: [], mac: undefined } },
    config: {
      ...plain,
      prevResult: undefined,
      args: { ips: [], mac: undefined },
      runtime: { ...nothingAsked, bandwidth },
    },
    asks: { ...asksNothing, mtuBytes, ingressBits, egressBits },
  };
}
