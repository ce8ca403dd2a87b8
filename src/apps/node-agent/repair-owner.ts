import type { AttachmentId } from '../../core/attachment.ts';
import type { Item, Plan } from '../../core/datapath/plan.ts';

/** Whose plan: the node's, the elements of all (nftables tells no owner), or one attachment's. */
export type Owner = 'node' | 'elements' | AttachmentId;

/** What is missing of the table concerns all pods, so it counts as the node's. */
export function kindOf(owner: Owner): 'node' | 'pod' {
  return isShared(owner) ? 'node' : 'pod';
}

/** Whether all pods stand on it. */
export function isShared(owner: Owner): owner is 'node' | 'elements' {
  return owner === 'node' || owner === 'elements';
}

/** Whether it stands in nftables. */
export function isNft(item: Item): boolean {
  return item.kind === 'ruleset' || item.kind === 'element' || item.kind === 'forward-accept';
}

/**
 * Whether a pod lacks nothing but its loopback link: runtimes take that down before they ask for the rest to be taken
 * away. One that stays down the comparison finds.
 */
export function mayBeLeaving(lack: Plan): boolean {
  return (
    lack.length > 0 && lack.every((item) => item.kind === 'up' && item.on.netns === 'pod' && item.on.name === 'lo')
  );
}
