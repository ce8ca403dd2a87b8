import { type Prefix, prefix } from '../../../base/ip.ts';
import type { Metadata } from './metadata.ts';
import type { AwsSelf, SubnetRanges } from './settings.ts';

/** What the instance is. Throws CloudError where metadata does not answer. */
export async function readSelf(metadata: Metadata): Promise<AwsSelf> {
  const primaryMac = (await metadata.get('mac')).trim();
  const at = (leaf: string) => metadata.get(`network/interfaces/macs/${primaryMac}/${leaf}`);
  const zone = await metadata.get('placement/availability-zone');
  return {
    instance: await metadata.get('instance-id'),
    type: await metadata.get('instance-type'),
    region: (await metadata.find('placement/region')) ?? zone.replace(/[a-z]$/, ''),
    zone,
    vpc: await at('vpc-id'),
    primaryMac,
    primarySubnet: await at('subnet-id'),
    primaryRanges: await readRanges(metadata, primaryMac),
    vpcRanges: await readVpcRanges(metadata, primaryMac),
  };
}

/** The ranges of the primary NIC's subnet. */
async function readRanges(metadata: Metadata, mac: string): Promise<SubnetRanges> {
  const at = (leaf: string) => metadata.lines(`network/interfaces/macs/${mac}/${leaf}`);
  const [v4] = await at('subnet-ipv4-cidr-block');
  const [v6] = await at('subnet-ipv6-cidr-blocks');
  return {
    ...(v4 === undefined ? {} : { v4: prefix(v4.trim()) }),
    ...(v6 === undefined ? {} : { v6: prefix(v6.trim()) }),
  };
}

/** The VPC's ranges of both families, as they are now (A57). */
export async function readVpcRanges(metadata: Metadata, primaryMac: string): Promise<readonly Prefix[]> {
  const leaves = ['vpc-ipv4-cidr-blocks', 'vpc-ipv6-cidr-blocks'];
  const lines = await Promise.all(
    leaves.map((leaf) => metadata.lines(`network/interfaces/macs/${primaryMac}/${leaf}`)),
  );
  return lines.flat().map((line) => prefix(line.trim()));
}
