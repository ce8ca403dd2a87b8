import type { NicId, Token, Urgency } from '../../../core/ipam/nic.ts';
import type { BranchProvider } from '../../../io/cloud/branches.ts';
import { CloudError } from '../../../io/cloud/provider.ts';
import type { Found } from '../../../wire/broker/answer.ts';
import type { Wish } from '../../../wire/broker/question.ts';

type BranchWish = Extract<Wish, { readonly do: 'branches' | 'createBranch' | 'deleteBranch' }>;

/**
 * What is asked of NICs of single pods. A node gets one only with groups that some object of the cluster gives to pods:
 * who has a node has not all groups of the VPC. Throws CloudError.
 */
export async function carryOutBranch(
  branches: BranchProvider | undefined,
  wish: BranchWish,
  { urgency, gives }: { readonly urgency: Urgency; readonly gives: (group: string) => boolean },
): Promise<Found> {
  if (branches === undefined) throw refused('limit', 'NoBranches', 'this cloud has no NICs of single pods');
  switch (wish.do) {
    case 'branches':
      return { most: await branches.most(), branches: await branches.report() };
    case 'createBranch': {
      const { token, groups, v6 } = wish;
      const odd = groups.find((group) => !gives(group));
      if (odd !== undefined || groups.length === 0)
        throw refused('denied', 'NoPolicy', `no PodSecurityGroups or SecurityGroupPolicy names ${odd ?? 'a group'}`);
      return { branches: [await branches.create({ groups, v6 }, token as Token, urgency)] };
    }
    case 'deleteBranch':
      await branches.remove(wish.nic as NicId, urgency);
      return {};
  }
}

function refused(kind: 'limit' | 'denied', code: string, message: string): CloudError {
  return new CloudError(kind, { action: 'controller', code, message });
}
