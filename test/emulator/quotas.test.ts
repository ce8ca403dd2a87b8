import * as ec2 from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { AT_ONCE } from '../../emulator/dialects/aws/rules.ts';
import { defaultTopology } from '../../emulator/server/topology.ts';
import { openEc2, refusal } from './ec2.ts';

test("an account's NICs are counted: five thousand in a region, unless the setting says otherwise", async () => {
  const few = await openEc2({ ...AT_ONCE, quotas: { nics: 4 } }, defaultTopology('us-east-1'));
  try {
    const found = await few.client.send(new ec2.DescribeSubnetsCommand({}));
    const create = () =>
      refusal(few.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: found.Subnets?.[0]?.SubnetId })));
    expect(await create()).toBeUndefined();
    expect(await create()).toEqual({
      code: 'NetworkInterfaceLimitExceeded',
      status: 400,
      text: 'The maximum number of network interfaces has been reached.',
    });
  } finally {
    await few.close();
  }
});
