import type { Millis } from '../../../../src/base/clock.ts';
import type { Metadata } from '../../../cloud/metadata.ts';
import { INSTANCE_TYPES } from '../instance-types.ts';
import { ROLE_LIFE_MS } from '../keyring.ts';
import type { Place } from '../place.ts';
import { IMAGE } from '../shapes/instance.ts';
import type { Key } from '../sigv4.ts';

/** "Retrieve security credentials from instance metadata", EC2 guide. */
export function credentials({ id, secret, token, expires }: Required<Key>): string {
  return json({
    Code: 'Success',
    LastUpdated: seconds(expires - ROLE_LIFE_MS),
    Type: 'AWS-HMAC',
    AccessKeyId: id,
    SecretAccessKey: secret,
    Token: token,
    Expiration: seconds(expires),
  });
}

/** iam/info. */
export function profileDocument({
  role,
  id,
  account,
  now,
}: {
  readonly role: string;
  readonly id: string;
  readonly account: string;
  readonly now: Millis;
}): string {
  return json({
    Code: 'Success',
    LastUpdated: seconds(now),
    InstanceProfileArn: `arn:aws:iam::${account}:instance-profile/${role}`,
    InstanceProfileId: id,
  });
}

/** "Instance identity documents", EC2 guide. */
export function identityDocument({ instance, nics }: Metadata, { account, region }: Place): string {
  return json({
    accountId: account,
    architecture: INSTANCE_TYPES.get(instance.type)?.architecture ?? 'x86_64',
    availabilityZone: instance.zone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: IMAGE,
    instanceId: instance.id,
    instanceType: instance.type,
    kernelId: null,
    pendingTime: seconds(instance.launchedAt),
    privateIp: nics[0]?.nic.addresses[0] ?? null,
    ramdiskId: null,
    region,
    version: '2017-09-30',
  });
}

function json(it: object): string {
  return JSON.stringify(it, undefined, 2);
}

/** Without a fraction. */
function seconds(at: Millis): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
