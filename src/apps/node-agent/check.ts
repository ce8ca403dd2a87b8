import type { AttachmentRecord } from '../../core/attachment.ts';
import { agrees, type Change, CHECK, describe, difference } from '../../core/datapath/difference.ts';
import { type Plan, show } from '../../core/datapath/plan.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import { CniError } from '../../wire/cni/error.ts';
import type { CheckRequest } from '../../wire/cni/request.ts';
import { interfaceIn, type ResultInterface } from '../../wire/cni/result.ts';
import { type AttachDoors, idOf } from './attach.ts';
import { whom } from './history.ts';

/**
 * CHECK: is all there that ADD made? MAC and MTU are compared with prevResult where it speaks, since a plugin behind us
 * in the chain may have changed them rightly; everything else with the stored plan. Throws CniError(drift) naming what
 * differs, of any interface that came with it as well.
 */
export async function check(doors: AttachDoors, request: CheckRequest, config: NetworkConfig): Promise<void> {
  const record = await checkOne(doors, request, config);
  for (const { ifname } of record.further ?? []) await checkOne(doors, { ...request, ifname }, config);
}

async function checkOne(doors: AttachDoors, request: CheckRequest, config: NetworkConfig): Promise<AttachmentRecord> {
  const id = idOf(request, config);
  const record = doors.attachments.get(id);
  if (record === undefined)
    throw new CniError('unknownContainer', `${id} is not attached`, {
      details: 'no ADD of it is on record here; berth why tells whether it was removed',
    });
  if (record.netns !== request.netns)
    throw new CniError('drift', `${id} was attached to ${record.netns}, not to ${request.netns}`);
  const observed = await doors.kernel.observe(record.plan, record.netns);
  const link = config.prevResult && interfaceIn(config.prevResult, request.ifname, request.netns);
  const found = difference(record.plan, observed, CHECK(told(record.plan, observed, link)));
  if (agrees(found)) return record;
  const drifted = [...found.missing, ...found.changed.map(({ want }) => want)];
  doors.history.note(whom(record), { kind: 'drifted', missing: drifted.map(show) });
  throw new CniError('drift', describe(found).join('; '), {
    details: found.missing.length === 0 && found.changed.every(isOwnMtu) ? UNTOLD : CHANGED,
  });
}

const CHANGED = 'somebody changed the network of this pod; it is repaired within seconds unless repair is off';
const UNTOLD =
  'somebody changed it, and the result does not tell; where a plugin behind Berth shall set the MTU, set "mtu" in Berth’s entry of the list instead';

/** Whether nothing but the MTU of the pod's end differs. */
function isOwnMtu({ goal, have }: Change): boolean {
  if (goal.kind !== 'veth' || have.kind !== 'veth') return false;
  const hostMtu = ({ hostMtu = 0, mtu }: typeof goal) => (hostMtu === 0 ? mtu : hostMtu);
  return show({ ...have, mtu: 0, hostMtu: hostMtu(have) }) === show({ ...goal, mtu: 0, hostMtu: hostMtu(goal) });
}

/**
 * What prevResult says of the pod's end. A plugin that changed the MAC may have changed the MTU as well and not told:
 * the reference tuning plugin does so. Then the MTU is whatever it is.
 */
function told(plan: Plan, observed: Plan, link: ResultInterface | undefined): { mac?: string; mtu?: number } {
  const planned = plan.find((item) => item.kind === 'veth');
  const real = observed.find((item) => item.kind === 'veth');
  if (link?.mac === undefined) return link?.mtuBytes === undefined ? {} : { mtu: link.mtuBytes };
  const tuned = planned?.kind === 'veth' && link.mac.toLowerCase() !== planned.podMac;
  const mtu = tuned && real?.kind === 'veth' ? real.mtu : link.mtuBytes;
  return { mac: link.mac, ...(mtu === undefined ? {} : { mtu }) };
}
