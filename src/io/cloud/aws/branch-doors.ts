import type { NetworkInterface } from '@aws-sdk/client-ec2';
import type { Clock } from '../../../base/clock.ts';
import type { Urgency } from '../provider.ts';
import type { NicMaker } from './create.ts';
import type { Ec2 } from './ec2.ts';
import type { NicsOfInstance } from './nics.ts';
import { type AwsSelf, type AwsSettings, TAG_INSTANCE } from './settings.ts';

/** What NICs of single pods, and their trunk, are made with. */
export interface BranchDoors {
  readonly ec2: Ec2;
  readonly nics: NicsOfInstance;
  readonly self: AwsSelf;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly maker: () => Promise<NicMaker>;
}

/** Those of a kind that were made for this instance, attached or not: an earlier try may have been cut off. */
export function madeFor(
  { nics, self }: Pick<BranchDoors, 'nics' | 'self'>,
  kind: 'branch' | 'trunk',
  urgency: Urgency,
): Promise<readonly NetworkInterface[]> {
  const filters = [
    { Name: 'vpc-id', Values: [self.vpc] },
    { Name: 'interface-type', Values: [kind] },
    { Name: `tag:${TAG_INSTANCE}`, Values: [self.instance] },
  ];
  return nics.describe(filters, urgency);
}
