import { familyOf } from '../../base/ip.ts';
import type { AttachmentRecord } from '../../core/attachment.ts';
import type { Enforcing } from '../../core/datapath/branch-plan.ts';
import { JournalError } from '../../io/store/journal.ts';
import type { Attachments } from './attachments.ts';
import type { BranchRunner, ClaimedBranch } from './branch-runner.ts';
import { type ClaimWish, RefusalError } from './pool-runner.ts';
import type { Wish } from './wish.ts';

/** The claim of a pod that has groups of its own: on record with its NIC, before it is applied. Throws RefusalError. */
export async function claimBranch(
  { branches, attachments }: { readonly branches?: BranchRunner; readonly attachments: Attachments },
  { id, netns, until, groups }: Pick<ClaimWish, 'id' | 'netns' | 'until'> & { readonly groups: readonly string[] },
  { families, wanted, ports, keeper, pod, describe }: Wish,
): Promise<AttachmentRecord> {
  if (branches === undefined || branches.enforcing === 'off')
    throw new RefusalError({ why: 'no-pod-nic', groups, because: 'this node makes none' });
  const refuse = (what: string) => new RefusalError({ why: 'not-on-pod-nic', groups, what });
  if (wanted.length > 0) throw refuse('an address that it names');
  if (keeper !== undefined) throw refuse('a static address');
  const { enforcing } = branches;
  if (enforcing === 'strict' && ports.length > 0)
    throw new RefusalError({ why: 'not-on-pod-nic', groups, what: 'ports of its node', inStandard: true });
  const { branch, on } = await branches.claim({ by: id, pod, netns, until, groups, v6: families.includes('v6') });
  try {
    const record = recordOf({ branch, on }, { enforcing, families, describe });
    await attachments.remember([{ kind: 'claim', attachment: record }]);
    return record;
  } catch (cause) {
    branches.give(id, false);
    if (!(cause instanceof JournalError)) throw cause;
    throw new RefusalError({ why: 'not-durable', cause: cause.message });
  }
}

function recordOf(
  { branch, on }: ClaimedBranch,
  { enforcing, families, describe }: Pick<Wish, 'families' | 'describe'> & { readonly enforcing: Enforcing },
): AttachmentRecord {
  const { id, mac, vlan, gateways, groups } = branch;
  const addresses = branch.addresses.filter((it) => families.includes(familyOf(it)));
  return describe(addresses, { held: { id, mac, vlan, groups, enforcing }, path: { enforcing, vlan, on, gateways } });
}
