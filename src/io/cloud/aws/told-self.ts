import { DescribeInstancesCommand, DescribeSubnetsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { type Prefix, prefix } from '../../../base/ip.ts';
import { CloudError } from '../provider.ts';
import type { Ec2 } from './ec2.ts';
import { subnetRanges } from './reports.ts';
import type { AwsSelf } from './settings.ts';

const ASKING = { urgency: 'refill', again: true } as const;

/** What an instance is, as EC2 tells somebody else than the instance itself. Throws CloudError. */
export async function askSelf(ec2: Ec2, instance: string): Promise<AwsSelf> {
  const answer = await ec2.ask({ ...ASKING, action: 'DescribeInstances' }, (client) =>
    client.send(new DescribeInstancesCommand({ InstanceIds: [instance] })),
  );
  const found = answer.Reservations?.flatMap(({ Instances: all }) => all ?? [])[0];
  const own = found?.NetworkInterfaces?.find(({ Attachment: at }) => at?.DeviceIndex === 0 && !at.NetworkCardIndex);
  const [type, zone, vpc] = [found?.InstanceType, found?.Placement?.AvailabilityZone, found?.VpcId];
  const [primaryMac, primarySubnet] = [own?.MacAddress, own?.SubnetId];
  if (!type || !zone || !vpc || !primaryMac || !primarySubnet)
    throw new CloudError('gone', {
      action: 'DescribeInstances',
      code: 'NoInstance',
      message: `EC2 tells of no ${instance} with a network interface: it ends, or it is another account's`,
    });
  const subnets = await ec2.ask({ ...ASKING, action: 'DescribeSubnets' }, (client) =>
    client.send(new DescribeSubnetsCommand({ SubnetIds: [primarySubnet] })),
  );
  return {
    ...{ instance, type, zone, vpc, primaryMac, primarySubnet },
    region: zone.replace(/[a-z]$/, ''),
    primaryRanges: subnetRanges(subnets.Subnets?.[0] ?? {}),
    vpcRanges: await askVpcRanges(ec2, vpc),
  };
}

/** The VPC's ranges of both families, as they are now. Throws CloudError. */
export async function askVpcRanges(ec2: Ec2, vpc: string): Promise<readonly Prefix[]> {
  const answer = await ec2.ask({ ...ASKING, action: 'DescribeVpcs' }, (client) =>
    client.send(new DescribeVpcsCommand({ VpcIds: [vpc] })),
  );
  const [found] = answer.Vpcs ?? [];
  const v4 = (found?.CidrBlockAssociationSet ?? []).flatMap(({ CidrBlock: range, CidrBlockState: state }) =>
    range !== undefined && state?.State === 'associated' ? prefix(range) : [],
  );
  const v6 = (found?.Ipv6CidrBlockAssociationSet ?? []).flatMap(
    ({ Ipv6CidrBlock: range, Ipv6CidrBlockState: state }) =>
      range !== undefined && state?.State === 'associated' ? prefix(range) : [],
  );
  return [...v4, ...v6];
}
