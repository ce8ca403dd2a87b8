import type { Id } from '../../../cloud/nouns.ts';
import { type Action, type Setting, viewsOf } from '../action.ts';
import { describing } from '../describing.ts';
import { OWNER, spelled, type Translation, type Translations, ZONE_ID } from '../filters.ts';
import type { Params } from '../params.ts';
import { metadataOptions, reservation, STATE_CODES, state } from '../shapes/instance.ts';
import { element, items, leaf, NOTHING, together } from '../xml.ts';
import { readMetadataOptions } from './instances-metadata.ts';
import { readLaunch } from './launch.ts';

const CODES = Object.fromEntries(Object.entries(STATE_CODES).map(([name, code]) => [name, String(code)]));
const ROLE: Translation = (values) => ({
  field: 'role',
  values: values.map((it) => it.replace(/^.*instance-profile\//, '')),
});
const FILTERS: Translations = {
  'instance-id': 'id',
  'instance-type': 'type',
  'instance-state-name': 'state',
  'instance-state-code': spelled('state', CODES),
  'vpc-id': 'vpc',
  'network-interface.vpc-id': 'vpc',
  'subnet-id': 'subnet',
  'network-interface.subnet-id': 'subnet',
  'availability-zone': 'zone',
  'availability-zone-id': ZONE_ID,
  'private-ip-address': 'primary',
  'network-interface.network-interface-id': 'nic',
  'network-interface.addresses.private-ip-address': 'address',
  'instance.group-id': 'group',
  'network-interface.group-id': 'group',
  'iam-instance-profile.arn': ROLE,
  'iam-instance-profile.name': ROLE,
  'owner-id': OWNER,
};

/** Instances, from their launch to their end. */
export const INSTANCES: Readonly<Record<string, Action>> = {
  DescribeInstances: describing({
    kind: 'instance',
    ids: 'InstanceId',
    prefix: 'i-',
    malformed: 'InvalidInstanceID.Malformed',
    set: 'reservationSet',
    page: { withIds: false },
    filters: FILTERS,
    write: (view, { place }) => reservation([view], place),
  }),
  RunInstances: {
    category: 'mutating',
    read: (params, { place }) => {
      const request = readLaunch(params);
      return {
        request,
        token: request.token,
        write: (answer) => {
          if (answer.is !== 'launched') throw new TypeError(`nothing was launched: ${answer.is}`);
          return reservation(answer.instances, place);
        },
      };
    },
  },
  TerminateInstances: {
    category: 'mutating',
    read: (params) => {
      const instances = named(params);
      return {
        request: { do: 'terminate-instances', instances },
        write: (answer) => {
          if (answer.is !== 'terminating') throw new TypeError(`nothing ends: ${answer.is}`);
          return items('instancesSet', answer.changes, ({ instance, before, after }) =>
            together(leaf('instanceId', instance), state('currentState', after), state('previousState', before)),
          );
        },
      };
    },
  },
  ModifyInstanceMetadataOptions: {
    category: 'mutating',
    read: (params, at) => {
      const instance = params.id('InstanceId');
      const options = readMetadataOptions(params);
      return {
        request: { do: 'modify-instance', instance, ...options },
        write: () => together(leaf('instanceId', instance), optionsAfter(instance, options, at)),
      };
    },
  },
  DescribeInstanceStatus: {
    category: 'non-mutating',
    read: (params) => {
      const ids = params.ids('InstanceId');
      const all = params.flag('IncludeAllInstances') ?? false;
      const running = all ? {} : { filters: [{ field: 'state', values: ['running'] }] };
      return {
        request: { do: 'describe', kind: 'instance', ...(ids.length === 0 ? {} : { ids }), ...running },
        write: (answer) =>
          items('instanceStatusSet', viewsOf(answer, 'instance'), (view) =>
            together(
              leaf('instanceId', view.instance.id),
              leaf('availabilityZone', view.instance.zone),
              state('instanceState', view.instance.state),
              reachable('systemStatus'),
              reachable('instanceStatus'),
            ),
          ),
      };
    },
  },
};

/** Nothing is ever broken here but on purpose. */
function reachable(name: string) {
  const detail = () => together(leaf('name', 'reachability'), leaf('status', 'passed'));
  return element(name, leaf('status', 'ok'), items('details', ['reachability'], detail));
}

function optionsAfter(id: Id, options: ReturnType<typeof readMetadataOptions>, { cloud }: Setting) {
  const instance = cloud.instances.get(id);
  if (instance === undefined) return NOTHING; // the core says so
  return metadataOptions('instanceMetadataOptions', {
    kind: 'instance',
    instance: { ...instance, ...options },
    nics: [],
  });
}

function named(params: Params): readonly Id[] {
  const ids = params.ids('InstanceId');
  if (ids.length === 0) throw params.missing('InstanceId');
  return ids;
}
