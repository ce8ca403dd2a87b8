import type { BranchReport, BranchSpec } from '../../../core/branches/branch.ts';
import type { NicId, Token, Urgency } from '../../../core/ipam/nic.ts';
import type { Found } from '../../../wire/broker/answer.ts';
import type { Wish } from '../../../wire/broker/question.ts';
import type { BranchProvider } from '../branches.ts';
import { told } from './told.ts';

/**
 * NICs of pods' own that the controller asks for; what a NICConfig says it knows itself. `ask`: one wish, by its token
 * if it has one. Throws CloudError.
 */
export function remoteBranches(ask: (wish: Wish, urgency: Urgency, token?: Token) => Promise<Found>): BranchProvider {
  const report = () => ask({ do: 'branches' }, 'housekeeping');
  return {
    most: async () => told('most', (await report()).most),
    report: async () => told('branches', (await report()).branches) as readonly BranchReport[],
    create: async ({ groups, v6, place }: BranchSpec, token, urgency) => {
      const wanted = { token, groups, v6 };
      const wish: Wish =
        place === undefined
          ? { do: 'createBranch', ...wanted }
          : { do: 'createBranchBy', ...wanted, config: place.name };
      const { branches } = await ask(wish, urgency, token);
      return told('branches', branches?.[0]) as BranchReport;
    },
    remove: async (nic: NicId, urgency) => {
      await ask({ do: 'deleteBranch', nic }, urgency);
    },
    removeTrunk: async (urgency) => {
      await ask({ do: 'deleteTrunk' }, urgency);
    },
  };
}
