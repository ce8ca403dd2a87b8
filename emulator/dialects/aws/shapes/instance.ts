import type { InstanceView } from '../../../cloud/answer.ts';
import type { InstanceState } from '../../../cloud/nouns.ts';
import { INSTANCE_TYPES } from '../instance-types.ts';
import { type Place, privateName, publicName, zoneId } from '../place.ts';
import { element, items, leaf, NOTHING, time, together, type Xml } from '../xml.ts';
import { groupSet, instanceInterface } from './nic.ts';
import { tagSet } from './tags.ts';

/** The image of every instance: what runs in it is a process of yours. */
export const IMAGE = 'ami-00000000000000000';

/** "InstanceState" in the EC2 API: code and name. */
export const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
};

/** Each instance has a reservation of its own, named after it. */
export function reservationId({ instance }: InstanceView): string {
  return `r-${instance.id.slice('i-'.length)}`;
}

/** A Reservation with these instances. */
export function reservation(views: readonly InstanceView[], place: Place): Xml {
  const [first] = views;
  return together(
    leaf('reservationId', first && reservationId(first)),
    leaf('ownerId', place.account),
    element('groupSet'),
    items('instancesSet', views, (view) => instanceShape(view, place)),
  );
}

function instanceShape(view: InstanceView, place: Place): Xml {
  const { instance, nics } = view;
  const type = INSTANCE_TYPES.get(instance.type);
  return together(
    leaf('instanceId', instance.id),
    leaf('imageId', IMAGE),
    state('instanceState', instance.state),
    ...names(view, place),
    reason(view),
    leaf('amiLaunchIndex', 0),
    element('productCodes'),
    leaf('instanceType', instance.type),
    time('launchTime', instance.launchedAt),
    element(
      'placement',
      leaf('availabilityZone', instance.zone),
      leaf('availabilityZoneId', zoneId(instance.zone)),
      leaf('groupName', ''),
      leaf('tenancy', 'default'),
    ),
    element('monitoring', leaf('state', 'disabled')),
    ...addresses(view),
    groupSet(nics[0]?.groups ?? []),
    leaf('architecture', type?.architecture ?? 'x86_64'),
    leaf('rootDeviceType', 'ebs'),
    leaf('rootDeviceName', '/dev/xvda'),
    element('blockDeviceMapping'),
    leaf('virtualizationType', 'hvm'),
    leaf('clientToken', instance.token ?? ''),
    tagSet(instance.tags),
    leaf('hypervisor', 'xen'), // EC2 says so of Nitro too
    items('networkInterfaceSet', nics, (nic) => instanceInterface(nic, place)),
    profile(view, place),
    leaf('ebsOptimized', false),
    leaf('enaSupport', true),
    element('cpuOptions', leaf('coreCount', Math.max(1, (type?.vcpus ?? 2) / 2)), leaf('threadsPerCore', 2)),
    element('hibernationOptions', leaf('configured', false)),
    metadataOptions('metadataOptions', view),
    element('enclaveOptions', leaf('enabled', false)),
    element('operator', leaf('managed', false)),
  );
}

/** Code and name of a state. */
export function state(name: string, it: InstanceState): Xml {
  return element(name, leaf('code', STATE_CODES[it]), leaf('name', it));
}

/** How an instance's metadata may be asked for. */
export function metadataOptions(name: string, { instance }: InstanceView): Xml {
  return element(
    name,
    leaf('state', 'applied'),
    leaf('httpTokens', instance.tokensRequired ? 'required' : 'optional'),
    leaf('httpPutResponseHopLimit', instance.hopLimit),
    leaf('httpEndpoint', 'enabled'),
    leaf('httpProtocolIpv6', 'enabled'),
    leaf('instanceMetadataTags', 'disabled'),
  );
}

function names({ nics }: InstanceView, place: Place): readonly Xml[] {
  const nic = nics[0]?.nic;
  const [address] = nic?.addresses ?? [];
  return [
    leaf('privateDnsName', address === undefined ? '' : privateName(place, address)),
    leaf('dnsName', nic?.publicAddress === undefined ? '' : publicName(place, nic.publicAddress)),
  ];
}

function reason({ instance }: InstanceView): Xml {
  if (instance.state !== 'terminated' && instance.state !== 'shutting-down') return leaf('reason', '');
  const text = 'Client.UserInitiatedShutdown';
  return together(
    leaf('reason', 'User initiated'),
    element('stateReason', leaf('code', text), leaf('message', `${text}: User initiated shutdown`)),
  );
}

/** Those of the primary NIC; a terminated instance has none. */
function addresses({ nics }: InstanceView): readonly Xml[] {
  const nic = nics[0]?.nic;
  if (nic === undefined) return [];
  return [
    leaf('subnetId', nic.subnet),
    leaf('vpcId', nic.vpc),
    leaf('privateIpAddress', nic.addresses[0]),
    leaf('ipAddress', nic.publicAddress),
    leaf('ipv6Address', nic.addresses6[0]),
    leaf('sourceDestCheck', nic.sourceCheck),
  ];
}

function profile({ instance: { role } }: InstanceView, { account }: Place): Xml {
  if (role === undefined) return NOTHING;
  const name = `arn:aws:iam::${account}:instance-profile/${role}`;
  return element('iamInstanceProfile', leaf('arn', name), leaf('id', profileId(role)));
}

/** The id of a profile is not kept anywhere: it is made of the name. */
export function profileId(role: string): string {
  const letters = Buffer.from(role).toString('hex').toUpperCase();
  return `AIPA${letters.padEnd(17, '0').slice(0, 17)}`;
}
