import { attachmentId } from '../../core/attachment.ts';
import type { NetworkConfig } from '../../wire/cni/config.ts';
import { CniError } from '../../wire/cni/error.ts';
import { whom } from './history.ts';
import { detach } from './attach.ts';
import type { CniDoors } from './cni-doors.ts';

/**
 * GC: removes every attachment of this network that the runtime no longer lists, and nothing else. What an ADD makes
 * while GC runs is kept: the list is older than it. Goes on after a failure and reports all of them as one CniError.
 */
export async function collectGarbage(doors: CniDoors, config: NetworkConfig): Promise<void> {
  const valid = new Set(config.validAttachments.map((it) => attachmentId({ network: config.name, ...it })));
  const stale = doors.attachments
    .all()
    .filter(
      (record) =>
        record.name.network === config.name &&
        !valid.has(record.of ?? record.id) &&
        !doors.lanes.busy(record.name.containerId),
    );
  const failed: string[] = [];
  for (const { id, name } of stale) {
    try {
      await doors.lanes.run(name.containerId, async () => {
        const record = await detach(doors, id);
        if (record === undefined) return;
        doors.history.note(whom(record), { kind: 'swept', because: 'the runtime no longer lists it' });
        doors.log.info('collected', { id, ips: record.addresses });
      });
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (failed.length === 0) return;
  throw new CniError('tryAgainLater', `${failed.length} of ${stale.length} stale attachments remain`, {
    details: failed.join('; '),
  });
}
