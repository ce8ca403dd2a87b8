import type { NicId, Token, Urgency } from '../../../core/ipam/nic.ts';
import type { BranchSpec } from '../../../core/branches/branch.ts';
import type { BranchProvider } from '../../../io/cloud/branches.ts';
import { CloudError } from '../../../io/cloud/provider.ts';
import type { Found } from '../../../wire/broker/answer.ts';
import type { Wish } from '../../../wire/broker/question.ts';
import { type ClusterSays, noNicConfig } from './cluster-says.ts';

type BranchWish = Extract<
  Wish,
  { readonly do: 'branches' | 'createBranch' | 'createBranchBy' | 'deleteBranch' | 'deleteTrunk' }
>;

/** What a wish is carried out with. */
interface Deed {
  readonly urgency: Urgency;
  readonly says: ClusterSays;
  /** NICs of the instance that are being deleted. */
  readonly leaving: Set<string>;
}

/**
 * What is asked of NICs of single pods. A node gets one only with groups that some object of the cluster gives to pods:
 * who has a node has not all groups of the VPC. What is being deleted is not told of: an agent that was killed
 * meanwhile does not know that it asked for that, and would give it to a pod. Throws CloudError.
 */
export async function carryOutBranch(
  branches: BranchProvider | undefined,
  wish: BranchWish,
  { urgency, says, leaving }: Deed,
): Promise<Found> {
  if (branches === undefined) throw refused('limit', 'NoBranches', 'this cloud has no NICs of single pods');
  switch (wish.do) {
    case 'branches': {
      const before = new Set(leaving);
      const [most, all] = [await branches.most(), await branches.report()];
      return { most, branches: all.filter(({ id }) => !before.has(id) && !leaving.has(id)) };
    }
    case 'createBranch':
    case 'createBranchBy':
      return { branches: [await branches.create(specOf(wish, says), wish.token as Token, urgency)] };
    case 'deleteBranch':
      leaving.add(wish.nic);
      try {
        await branches.remove(wish.nic as NicId, urgency);
      } finally {
        leaving.delete(wish.nic);
      }
      return {};
    case 'deleteTrunk':
      await branches.removeTrunk(urgency);
      return {};
  }
}

function specOf(
  wish: Extract<BranchWish, { readonly do: 'createBranch' | 'createBranchBy' }>,
  { gives, placeOf }: ClusterSays,
): BranchSpec {
  const { groups, v6 } = wish;
  const odd = groups.find((group) => !gives(group));
  if (odd !== undefined || groups.length === 0)
    throw refused('denied', 'NoPolicy', `no PodSecurityGroups or SecurityGroupPolicy names ${odd ?? 'a group'}`);
  if (wish.do === 'createBranch') return { groups, v6 };
  const place = placeOf(wish.config);
  if (place === undefined) throw noNicConfig(wish.config);
  return { groups, v6, place };
}

function refused(kind: 'limit' | 'denied', code: string, message: string): CloudError {
  return new CloudError(kind, { action: 'controller', code, message });
}
