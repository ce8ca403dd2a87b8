import type { Millis } from '../../../../src/base/clock.ts';
import { familyOf } from '../../../../src/base/ip.ts';
import type { Metadata, MetadataNic } from '../../../cloud/metadata.ts';
import { INSTANCE_TYPES } from '../instance-types.ts';
import { type Keyring, ROLE_LIFE_MS } from '../keyring.ts';
import { type Place, privateName, publicName, zoneId } from '../place.ts';
import { IMAGE, profileId, reservationId } from '../shapes/instance.ts';
import { credentials, identityDocument, profileDocument } from './documents.ts';

/** A folder, or what a file says. A name that is undefined is not there. */
export type Tree = { readonly [name: string]: Tree | string | undefined };

/** Where the tree comes from. */
export interface Origin {
  readonly place: Place;
  readonly keyring: Keyring;
  readonly now: Millis;
}

/** All that an instance is told, below "latest": "Instance metadata categories" and "dynamic data", EC2 guide. */
export function metadataTree(metadata: Metadata, origin: Origin): Tree {
  return {
    get dynamic() {
      return { 'instance-identity': { document: identityDocument(metadata, origin.place) } };
    },
    get 'meta-data'() {
      return { ...about(metadata, origin), ...network(metadata, origin.place) };
    },
  };
}

function about(metadata: Metadata, origin: Origin): Tree {
  const { instance, nics } = metadata;
  const { place } = origin;
  const { role } = instance;
  const [primary] = nics;
  const address = primary?.nic.addresses[0];
  return {
    'ami-id': IMAGE,
    'ami-launch-index': '0',
    'ami-manifest-path': '(unknown)',
    hostname: address && privateName(place, address),
    iam: role === undefined ? undefined : iam(metadata, origin, role),
    'instance-action': 'none',
    'instance-id': instance.id,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.type,
    ipv6: primary?.nic.addresses6[0],
    'local-hostname': address && privateName(place, address),
    'local-ipv4': address,
    mac: primary?.nic.mac,
    placement: {
      'availability-zone': instance.zone,
      'availability-zone-id': zoneId(instance.zone),
      region: place.region,
    },
    profile: 'default-hvm',
    'public-hostname': primary?.nic.publicAddress && publicName(place, primary.nic.publicAddress),
    'public-ipv4': primary?.nic.publicAddress,
    'reservation-id': reservationId({ kind: 'instance', instance, nics: [] }),
    'security-groups': primary?.groups.map(({ name }) => name).join('\n'),
    services: { domain: 'amazonaws.com', partition: 'aws' },
    system: INSTANCE_TYPES.get(instance.type)?.nitro === true ? 'nitro' : 'xen',
  };
}

function iam({ instance, lapsed }: Metadata, { place, keyring, now }: Origin, role: string): Tree {
  const given = lapsed ? now - ROLE_LIFE_MS : now; // they are still told when they have ended
  const key = keyring.role({ instance: instance.id, role, account: place.account }, given);
  return {
    info: profileDocument({ role, id: profileId(role), account: place.account, now }),
    'security-credentials': { [role]: credentials(key) },
  };
}

function network({ instance, nics }: Metadata, place: Place): Tree {
  const cards = INSTANCE_TYPES.get(instance.type)?.cards.length ?? 1;
  const macs = nics.map((it) => [it.nic.mac, interfaceTree(it, { place, cards })] as const);
  return { network: { interfaces: { macs: Object.fromEntries(macs) } } };
}

/** The card is told where there are several. What is empty is not there. */
function interfaceTree(
  { nic, subnet, vpc, groups }: MetadataNic,
  { place, cards }: { readonly place: Place; readonly cards: number },
): Tree {
  const { attachment, publicAddress } = nic;
  const [first] = vpc.ranges;
  const ranges = (family: 'v4' | 'v6') => lines(vpc.ranges.filter((range) => familyOf(range) === family));
  const primary = nic.addresses[0];
  return {
    'device-number': String(attachment?.device ?? 0),
    'interface-id': nic.id,
    'ipv4-associations': publicAddress && { [publicAddress]: primary },
    'ipv4-prefix': lines(nic.prefixes),
    'ipv6-prefix': lines(nic.prefixes6),
    ipv6s: lines(nic.addresses6),
    'local-hostname': primary && privateName(place, primary),
    'local-ipv4s': lines(nic.addresses),
    mac: nic.mac,
    'network-card': cards > 1 ? String(attachment?.card ?? 0) : undefined,
    'owner-id': place.account,
    'public-hostname': publicAddress && publicName(place, publicAddress),
    'public-ipv4s': publicAddress,
    'security-group-ids': lines(groups.map(({ id }) => id)),
    'security-groups': lines(groups.map(({ name }) => name)),
    'subnet-id': subnet.id,
    'subnet-ipv4-cidr-block': subnet.v4,
    'subnet-ipv6-cidr-blocks': subnet.v6,
    'vpc-id': vpc.id,
    'vpc-ipv4-cidr-block': first,
    'vpc-ipv4-cidr-blocks': ranges('v4'),
    'vpc-ipv6-cidr-blocks': ranges('v6'),
  };
}

function lines(all: readonly string[]): string | undefined {
  return all.length === 0 ? undefined : all.join('\n');
}
