import { CHECK, describe, difference } from '../../core/datapath/difference.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import { CniError } from '../../wire/cni/error.ts';
import type { CheckRequest } from '../../wire/cni/request.ts';
import { interfaceIn } from '../../wire/cni/result.ts';
import { type AttachDoors, idOf } from './attach.ts';

/**
 * CHECK: is all there that ADD made? MAC and MTU are compared with prevResult where it speaks, since a plugin behind
 * us in the chain may
 * have changed them rightly; everything else with the stored plan. Throws CniError(drift) naming what differs.
 */
export async function check(doors: AttachDoors, request: CheckRequest, config: NetworkConfig): Promise<void> {
  const id = idOf(request, config);
  const record = doors.attachments.get(id);
  if (record === undefined)
    throw new CniError('unknownContainer', `${id} is not attached`, {
      details: 'no ADD of it is on record here; berth why tells whether it was removed',
    });
  if (record.netns !== request.netns)
    throw new CniError('drift', `${id} was attached to ${record.netns}, not to ${request.netns}`);
  const link = config.prevResult && interfaceIn(config.prevResult, request.ifname, request.netns);
  const told = {
    ...(link?.mac === undefined ? {} : { mac: link.mac }),
    ...(link?.mtuBytes === undefined ? {} : { mtu: link.mtuBytes }),
  };
  const found = difference(record.plan, await doors.kernel.observe(record.plan, record.netns), CHECK(told));
  const lines = describe(found);
  if (lines.length === 0) return;
  throw new CniError('drift', lines.join('; '), {
    details: 'somebody changed the network of this pod; it is repaired within seconds unless repair is off',
  });
}
