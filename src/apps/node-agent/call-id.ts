import { textOf } from '../../base/bytes.ts';
import { attachmentId, type AttachmentId } from '../../core/attachment.ts';
import type { CallFrame } from '../../wire/agent/frame.ts';

/** The attachment that a call is about, or undefined when that cannot be read: it may be a call that was refused. */
export function idOfCall({ env, stdin }: CallFrame): AttachmentId | undefined {
  try {
    const { name } = JSON.parse(textOf(stdin)) as { name?: unknown };
    const { CNI_CONTAINERID: containerId, CNI_IFNAME: ifname } = env;
    if (typeof name !== 'string' || containerId === undefined || ifname === undefined) return undefined;
    return attachmentId({ network: name, containerId, ifname });
  } catch {
    return undefined;
  }
}
