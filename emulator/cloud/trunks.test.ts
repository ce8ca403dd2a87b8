import { expect, test } from 'vitest';
import { lawsBroken } from './laws.ts';
import type { Id, Nic } from './nouns.ts';
import { Stage } from './testing/stage.ts';

function staged() {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const trunk = stage.attachedNic(instance, subnet, { kind: 'trunk' });
  const branch = () => stage.nic(subnet, { kind: 'branch' });
  const carry = (nic: Nic, vlan: number) =>
    ({ do: 'associate-trunk', trunk: trunk.id, branch: nic.id, by: { vlan } }) as const;
  return { stage, subnet, instance, trunk, branch, carry };
}

test('A49: a trunk carries branch NICs, each by a number of its own, up to what the instance type allows', () => {
  const { stage, trunk, branch, carry } = staged();
  const [one, two, three] = [branch(), branch(), branch()];
  const { nic } = stage.made('nic', carry(one, 7));
  expect(nic).toMatchObject({ state: 'in-use', trunking: { trunk: trunk.id, by: { vlan: 7 } } });
  expect(stage.fault(carry(two, 7))).toMatchObject({ why: 'number-taken', number: 7, nic: one.id });
  stage.made('nic', carry(two, 8));
  expect(stage.fault(carry(three, 9))).toMatchObject({ why: 'branch-limit', limit: 2 });
  expect(stage.fault(carry(one, 9))).toMatchObject({ why: 'wrong-state', state: 'in-use' });
  expect(lawsBroken(stage.cloud)).toEqual([]);
});

test('what is no trunk carries nothing, what is no branch is not carried, and a branch is attached to no instance', () => {
  const { stage, subnet, instance, trunk, branch, carry } = staged();
  const [plain, one] = [stage.nic(subnet), branch()];
  expect(stage.fault(carry(plain, 1))).toMatchObject({ why: 'wrong-kind', want: 'branch' });
  expect(stage.fault({ ...carry(one, 1), trunk: plain.id })).toMatchObject({ why: 'wrong-kind', want: 'trunk' });
  expect(stage.fault({ do: 'attach-nic', nic: one.id, instance: instance.id })).toMatchObject({ why: 'wrong-kind' });
  const loose = stage.nic(subnet, { kind: 'trunk' });
  expect(stage.fault({ ...carry(one, 1), trunk: loose.id })).toMatchObject({ why: 'wrong-state', want: 'in-use' });
  const old = stage.instance(subnet, 'old');
  const attach = { do: 'attach-nic', nic: loose.id, instance: old.id } as const;
  expect(stage.fault(attach)).toEqual({ why: 'unsupported', what: 'trunk', type: 'old' });
  expect(stage.nicNow(trunk.id).state).toBe('in-use');
});

test('a branch NIC is free when its association, itself or its trunk goes', () => {
  const { stage, instance, trunk, branch, carry } = staged();
  const [one, two] = [branch(), branch()];
  const association = stage.made('nic', carry(one, 1)).nic.trunking?.id ?? ('' as Id);
  stage.ask('done', { do: 'disassociate-trunk', association });
  expect(stage.nicNow(one.id).trunking).toBeUndefined();
  expect(stage.fault({ do: 'disassociate-trunk', association })).toMatchObject({ why: 'not-found' });
  stage.made('nic', carry(one, 1));
  stage.made('nic', carry(two, 2));
  expect(stage.fault({ do: 'detach-nic', of: { nic: trunk.id }, force: true })).toMatchObject({ why: 'in-use' });
  stage.ask('done', { do: 'delete-nic', nic: one.id });
  expect(stage.cloud.nics.get(one.id)).toBeUndefined();
  stage.ask('terminating', { do: 'terminate-instances', instances: [instance.id] });
  stage.pass(60_000);
  expect(stage.nicNow(two.id)).toMatchObject({ state: 'available' });
  expect(lawsBroken(stage.cloud)).toEqual([]);
});
