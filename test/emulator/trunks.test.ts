import {
  AssociateTrunkInterfaceCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTrunkInterfaceAssociationsCommand,
  DisassociateTrunkInterfaceCommand,
  type NetworkInterfaceCreationType,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ec2, openEc2, refusal } from './ec2.ts';

// Trunk and branch network interfaces as AWS's own SDK spells them.

let it: Ec2;
let subnet: string;
let trunk: string;
const made = async (InterfaceType: NetworkInterfaceCreationType) => {
  const answer = await it.client.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet, InterfaceType }));
  return answer.NetworkInterface?.NetworkInterfaceId ?? '';
};
const associate = (BranchInterfaceId: string, VlanId: number, more: object = {}) =>
  it.client.send(new AssociateTrunkInterfaceCommand({ TrunkInterfaceId: trunk, BranchInterfaceId, VlanId, ...more }));
const status = async (nic: string) => {
  const found = await it.client.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [nic] }));
  return found.NetworkInterfaces?.[0]?.Status;
};

beforeAll(async () => {
  it = await openEc2();
  const instance = it.emulator.instanceCalled('node-1') ?? '';
  const Filters = [{ Name: 'attachment.instance-id', Values: [instance] }];
  const found = await it.client.send(new DescribeNetworkInterfacesCommand({ Filters }));
  subnet = found.NetworkInterfaces?.[0]?.SubnetId ?? '';
  trunk = await made('trunk');
  await it.client.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId: trunk, InstanceId: instance, DeviceIndex: 1 }),
  );
});
afterAll(() => it.close());

test('A49: AssociateTrunkInterface, its cousins and their fields are read and written by the SDK', async () => {
  const branch = await made('branch');
  expect(await status(branch)).toBe('available');
  const { InterfaceAssociation: association, ClientToken } = await associate(branch, 12, { ClientToken: 'once' });
  const fields = { BranchInterfaceId: branch, TrunkInterfaceId: trunk, InterfaceProtocol: 'VLAN', VlanId: 12 };
  expect(association).toMatchObject(fields);
  expect(association?.AssociationId).toMatch(/^trunk-assoc-[0-9a-f]{17}$/);
  expect(ClientToken).toBe('once');
  const again = await associate(branch, 12, { ClientToken: 'once' });
  expect(again.InterfaceAssociation?.AssociationId).toBe(association?.AssociationId);
  expect(await status(branch)).toBe('in-use');
  const AssociationId = association?.AssociationId ?? '';
  const told = await it.client.send(
    new DescribeTrunkInterfaceAssociationsCommand({
      AssociationIds: [AssociationId],
      Filters: [{ Name: 'interface-protocol', Values: ['VLAN'] }],
    }),
  );
  expect(told.InterfaceAssociations).toMatchObject([fields]);
  expect(await it.client.send(new DisassociateTrunkInterfaceCommand({ AssociationId }))).toMatchObject({
    Return: true,
  });
  expect(await status(branch)).toBe('available');
  const gone = it.client.send(new DescribeTrunkInterfaceAssociationsCommand({ AssociationIds: [AssociationId] }));
  expect(await refusal(gone)).toMatchObject({ code: 'InvalidAssociationID.NotFound' });
});

test('A49: an m5.large carries nine branch NICs, and the tenth is refused', async () => {
  for (let vlan = 1; vlan <= 9; vlan++) await associate(await made('branch'), vlan);
  const all = await it.client.send(new DescribeTrunkInterfaceAssociationsCommand({}));
  expect(all.InterfaceAssociations?.map(({ VlanId }) => VlanId).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const tenth = await made('branch');
  expect(await refusal(associate(tenth, 10))).toMatchObject({ code: 'AttachmentLimitExceeded' });
  expect(await refusal(associate(tenth, 4095))).toMatchObject({ code: 'InvalidParameterValue' });
  expect(await refusal(associate(await made('trunk'), 11))).toMatchObject({ code: 'InvalidParameterValue' });
});
