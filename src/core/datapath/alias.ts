import { type Address, address } from '../../base/ip.ts';
import { type AttachmentId, type AttachmentName, attachmentName } from '../attachment.ts';

const ALIAS_BYTES = 255; // IFALIASZ - 1, linux/if.h

/**
 * What a pod's host end is called in the kernel: the attachment and its addresses, so that a lost record can be read
 * off the link.
 */
export function aliasOf(id: AttachmentId, addresses: readonly Address[]): string {
  const whole = [id, ...addresses].join(' ');
  return whole.length <= ALIAS_BYTES ? whole : id.slice(0, ALIAS_BYTES);
}

/** The opposite of `aliasOf`; undefined for what somebody else wrote. */
export function readAlias(
  alias: string,
): { readonly id: AttachmentId; readonly name: AttachmentName; readonly addresses: readonly Address[] } | undefined {
  const [id = '', ...rest] = alias.split(' ');
  if (!/^[^/]+\/[^/]+\/[^/]+$/.test(id)) return undefined;
  try {
    return { id: id as AttachmentId, name: attachmentName(id as AttachmentId), addresses: rest.map(address) };
  } catch {
    return undefined;
  }
}
