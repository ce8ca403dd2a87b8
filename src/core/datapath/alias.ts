import { type Address, address } from '../../base/ip.ts';
import { attachmentId, type AttachmentId, type AttachmentName, attachmentName } from '../attachment.ts';

const ALIAS_BYTES = 255; // IFALIASZ - 1, linux/if.h

/**
 * What a pod's host end is called in the kernel: the attachment and its addresses, so that a lost record can be read
 * off the link. `of`: the attachment that it goes with.
 */
export function aliasOf(id: AttachmentId, addresses: readonly Address[], of?: AttachmentId): string {
  const kin = of === undefined ? [] : ['of', attachmentName(of).ifname];
  const whole = [id, ...addresses, ...kin].join(' ');
  return whole.length <= ALIAS_BYTES ? whole : id.slice(0, ALIAS_BYTES);
}

/** What an alias tells of an attachment. */
export interface Alias {
  readonly id: AttachmentId;
  readonly name: AttachmentName;
  readonly addresses: readonly Address[];
  readonly of?: AttachmentId;
}

/** The opposite of `aliasOf`; undefined for what somebody else wrote. */
export function readAlias(alias: string): Alias | undefined {
  const [, id = '', listed = '', first] =
    /^([^/ ]+\/[^/ ]+\/[^/ ]+)((?: [^ /]+)*?)(?: of ([^ /]+))?$/.exec(alias) ?? [];
  if (id === '') return undefined;
  const name = attachmentName(id as AttachmentId);
  const kin = first === undefined ? {} : { of: attachmentId({ ...name, ifname: first }) };
  try {
    return { id: id as AttachmentId, name, addresses: listed.split(' ').slice(1).map(address), ...kin };
  } catch {
    return undefined;
  }
}
