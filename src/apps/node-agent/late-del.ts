import type { Logger } from '../../base/log.ts';
import type { AttachmentId, AttachmentRecord } from '../../core/attachment.ts';
import type { Kernel } from '../../io/kernel/kernel.ts';
import { type AttachDoors, detach } from './attach.ts';
import { whom } from './history.ts';

/**
 * Whether a DEL of the sandbox `netns` is too late to be about what is in `home`: that lives, and the one that the DEL
 * names is gone. A name that still leads somewhere may be a second one of the same sandbox; '' is any sandbox.
 */
export function comesLate({ kernel }: { readonly kernel: Kernel }, netns: string, home: string): boolean {
  if (netns === '' || netns === home) return false;
  return kernel.sandboxExists(home) && !kernel.sandboxExists(netns);
}

/**
 * DEL of the sandbox `netns`, now or from the spool: as `detach`, but the same container's newer sandbox is left alone.
 * Answers what was detached, if anything. Throws CniError(tryAgainLater). `traced`: further fields for the log.
 */
export async function detachFrom(
  doors: AttachDoors & { readonly log: Logger },
  id: AttachmentId,
  netns: string,
  traced: object = {},
): Promise<AttachmentRecord | undefined> {
  const record = doors.attachments.get(id);
  if (record === undefined || !comesLate(doors, netns, record.netns)) return detach(doors, id);
  doors.history.note(whom(record), { kind: 'ignored', verb: 'DEL', because: `${netns} is an older sandbox` });
  doors.log.info('ignored', { verb: 'DEL', id, netns, attachedTo: record.netns, ...traced });
  return undefined;
}
