import type { Id, Nic } from '../../../cloud/nouns.ts';
import { type Action, madeOf } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { describing } from '../describing.ts';
import { constant, OWNER, spelled, type Translations, ZONE_ID } from '../filters.ts';
import type { Params } from '../params.ts';
import { ATTACHMENT_STATUS, networkInterface } from '../shapes/nic.ts';
import { readTagSpecifications } from '../shapes/tags.ts';
import { element, leaf, together } from '../xml.ts';
import { simple } from './simple.ts';
import { defined, readNicAddresses } from './wishes.ts';

const IN_USE = 'in-use'; // also while it is being attached and detached
const FILTERS: Translations = {
  'network-interface-id': 'id',
  'subnet-id': 'subnet',
  'vpc-id': 'vpc',
  'availability-zone': 'zone',
  'availability-zone-id': ZONE_ID,
  'mac-address': 'mac',
  description: 'description',
  'interface-type': 'kind',
  'private-ip-address': 'address',
  'addresses.private-ip-address': 'address',
  'ipv6-addresses.ipv6-address': 'address6',
  'association.public-ip': 'public-address',
  'addresses.association.public-ip': 'public-address',
  'source-dest-check': 'source-check',
  'group-id': 'group',
  'group-name': 'group-name',
  'attachment.instance-id': 'instance',
  'attachment.attachment-id': 'attachment',
  'attachment.device-index': 'device',
  'attachment.network-card-index': 'card',
  'attachment.delete-on-termination': 'delete-with-instance',
  'attachment.status': spelled('state', ATTACHMENT_STATUS),
  status: spelled('state', { available: 'available', attaching: IN_USE, 'in-use': IN_USE, detaching: IN_USE }),
  'owner-id': OWNER,
  'attachment.instance-owner-id': OWNER,
  'requester-managed': constant('false'),
};

/** Network interfaces: made, attached, changed and taken away. */
export const NICS: Readonly<Record<string, Action>> = {
  DescribeNetworkInterfaces: describing({
    kind: 'nic',
    ids: 'NetworkInterfaceId',
    prefix: 'eni-',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
    set: 'networkInterfaceSet',
    page: { withIds: false },
    filters: FILTERS,
    write: (view, { place }) => networkInterface(view, place),
  }),
  CreateNetworkInterface: {
    category: 'mutating',
    read: (params, { place }) => {
      const token = params.text('ClientToken');
      params.ignore('ConnectionTrackingSpecification', 'EnablePrimaryIpv6', 'Operator');
      const groups = params.ids('SecurityGroupId');
      const wanted = defined({
        groups: groups.length === 0 ? undefined : groups,
        description: params.text('Description'),
        kind: readKind(params),
      });
      const addresses = readNicAddresses(params);
      const tags = readTagSpecifications(params, 'network-interface');
      return {
        request: { do: 'create-nic', subnet: params.id('SubnetId'), ...addresses, ...wanted, tags },
        token,
        write: (answer) =>
          together(
            element('networkInterface', networkInterface(madeOf(answer, 'nic'), place)),
            leaf('clientToken', token),
          ),
      };
    },
  },
  DeleteNetworkInterface: simple('mutating', (params) => ({ do: 'delete-nic', nic: params.id('NetworkInterfaceId') })),
  AttachNetworkInterface: {
    category: 'mutating',
    read: (params) => {
      params.ignore('EnaSrdSpecification', 'EnaQueueCount');
      const device = params.number('DeviceIndex');
      if (device === undefined) throw params.missing('deviceIndex');
      const card = params.number('NetworkCardIndex');
      const [nic, instance] = [params.id('NetworkInterfaceId'), params.id('InstanceId')];
      return {
        request: { do: 'attach-nic', nic, instance, device, ...defined({ card }) },
        write: (answer) => {
          if (answer.is !== 'attached') throw new TypeError(`nothing was attached: ${answer.is}`);
          const { attachment } = answer;
          return together(leaf('attachmentId', attachment.id), leaf('networkCardIndex', attachment.card));
        },
      };
    },
  },
  DetachNetworkInterface: simple('mutating', (params) => {
    const force = params.flag('Force');
    return { do: 'detach-nic', of: { attachment: params.id('AttachmentId') }, ...defined({ force }) };
  }),
  ModifyNetworkInterfaceAttribute: simple('mutating', readChange),
};

function readKind(params: Params): Nic['kind'] | undefined {
  const type = params.text('InterfaceType');
  if (type === undefined || type === 'interface') return undefined;
  if (type === 'efa' || type === 'trunk' || type === 'branch') return type;
  throw params.invalid('InterfaceType', type, 'interface type');
}

/** One attribute at a time. */
function readChange(params: Params) {
  const nic = params.id('NetworkInterfaceId');
  params.ignore('ConnectionTrackingSpecification', 'EnaSrdSpecification', 'EnablePrimaryIpv6');
  const groups = params.ids('SecurityGroupId');
  const attachment = params.within('Attachment');
  const changes = defined({
    groups: groups.length === 0 ? undefined : groups,
    description: params.within('Description').text('Value'),
    sourceCheck: params.within('SourceDestCheck').flag('Value'),
    deleteWithInstance: attachment.flag('DeleteOnTermination'),
  });
  const of = attachment.text('AttachmentId') as Id | undefined;
  if (Object.keys(changes).length > 1)
    throw new ApiError('InvalidParameterCombination', 'Fields for multiple attribute types specified');
  if (changes.deleteWithInstance !== undefined && of === undefined) throw params.missing('attachment.attachmentId');
  return { do: 'modify-nic', nic, ...changes, ...defined({ attachment: of }) } as const;
}
