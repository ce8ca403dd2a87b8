import { expect, test } from 'vitest';
import type { BranchReport } from '../../../core/branches/branch.ts';
import type { BranchProvider } from '../../../io/cloud/branches.ts';
import { CloudError } from '../../../io/cloud/provider.ts';
import { carryOutBranch } from './branch-wishes.ts';

test('A49: a NIC that is being deleted is not told of: who asked for that may have been killed, and would give it to a pod', async () => {
  const nic = { id: 'eni-1' } as BranchReport;
  let fail: (error: CloudError) => void = () => {};
  const branches = {
    most: () => Promise.resolve(9),
    report: () => Promise.resolve([nic]),
    remove: () => new Promise<void>((_, reject) => (fail = reject)),
  } as unknown as BranchProvider;
  const says = { placeOf: () => undefined, gives: () => true };
  const deed = { urgency: 'housekeeping', says, leaving: new Set<string>() } as const;
  const told = async () => (await carryOutBranch(branches, { do: 'branches' }, deed)).branches;
  expect(await told()).toEqual([nic]);
  const deleting = carryOutBranch(branches, { do: 'deleteBranch', nic: 'eni-1' }, deed);
  expect(await told()).toEqual([]);
  fail(new CloudError('denied', { action: 'DeleteNetworkInterface', code: 'Blocked', message: 'no' }));
  await expect(deleting).rejects.toThrow('no');
  expect(await told()).toEqual([nic]);
});
