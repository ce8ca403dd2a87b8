import { type Prefix, prefix } from '../../../base/ip.ts';
import type { Metadata } from './metadata.ts';
import type { AwsSelf } from './settings.ts';

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
    vpcRanges: await readVpcRanges(metadata, primaryMac),
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
