import type { Address, Prefix } from '../../../src/base/ip.ts';
import { hash64 } from '../../../src/base/hash.ts';
import type { Id } from '../../cloud/nouns.ts';

/** Where the cloud is said to be. */
export interface Place {
  readonly region: string; //  "us-east-1"
  readonly account: string; // twelve digits
}

/** The name of a resource in all of AWS. */
export function arn({ region, account }: Place, resource: string): string {
  return `arn:aws:ec2:${region}:${account}:${resource}`;
}

/** "us-east-1a" → "use1-az1". */
export function zoneId(zone: string): string {
  const [, area = '', way = '', number = '', letter = 'a'] = /^([a-z]+)-([a-z]+)-(\d+)([a-z])$/.exec(zone) ?? [];
  const short = way.replaceAll(/(north|south|east|west|central)/g, (word) => word.slice(0, 1));
  return `${area}${short}${number}-az${letter.charCodeAt(0) - 96}`;
}

/** What an address is called inside its region. */
export function privateName({ region }: Place, address: Address): string {
  const zone = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${address.replace(DOTS, '-')}.${zone}`;
}

const DOTS = /\./g;

/** What a public address is called. */
export function publicName({ region }: Place, address: Address): string {
  const zone = region === 'us-east-1' ? 'compute-1.amazonaws.com' : `${region}.compute.amazonaws.com`;
  return `ec2-${address.replaceAll('.', '-')}.${zone}`;
}

/** An association has no life of its own here: its id is made of what it joins, the same at every look. */
export function associationId(
  prefix: 'vpc-cidr-assoc' | 'subnet-cidr-assoc' | 'rtbassoc',
  of: Id,
  range?: Prefix,
): string {
  return `${prefix}-0${hash64(`${of} ${range ?? ''}`)
    .toString(16)
    .padStart(16, '0')}`;
}
