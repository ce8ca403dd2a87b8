import { ADDRESS_RESOURCE, POD_NIC_RESOURCE, NOT_READY_TAINT } from '../../src/core/cluster/node-word.ts';
import { COMPONENT } from '../../src/wire/kube/event.ts';
import { POD_IPS_NAMES } from '../../src/wire/kube/pod-ips.ts';
import { type KubeObject, LABELS, NAME, type Values } from './values.ts';

// An agent writes what is of its own node, and only what is ours of that: roles cannot say so, policies can. Of which
// node an agent is its token says: the API server gives it to a pod, and the pod to a node.

const GROUP = 'admissionregistration.k8s.io';
const NODE_NAME = 'authentication.kubernetes.io/node-name';

interface Policy {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly validations: readonly (readonly [holds: string, message: string])[]; // in CEL
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

/** Lists of texts are the same in CEL and in JSON. */
const listed = (texts: readonly string[]) => JSON.stringify(texts).replaceAll('"', "'");
const core = (operations: readonly string[], ...resources: readonly string[]): Rule => ({
  ...{ apiGroups: [''], apiVersions: ['v1'], operations, resources },
});
/** Whether two maps, that may be absent, differ at most in these keys. */
const sameBut = (path: string, keys: readonly string[]) => {
  const [was, is] = [`oldObject.${path}.orValue({})`, `object.${path}.orValue({})`];
  const kept = (one: string, other: string) =>
    `${one}.all(k, k in ${listed(keys)} || (k in ${other} && ${other}[k] == ${one}[k]))`;
  return `${kept(was, is)} && ${kept(is, was)}`;
};
/** Whether two lists, that may be absent, have the same entries besides those that are ours. */
const sameList = (path: string, isOurs: string) =>
  `object.${path}.orValue([]).filter(it, !(${isOurs})) == oldObject.${path}.orValue([]).filter(it, !(${isOurs}))`;
const same = (path: string) => `object.${path} == oldObject.${path}`;

/** Whether that holds of the object, and of what it was. */
const wasAndIs = (holds: (object: string) => string) =>
  `${holds('object')} && (oldObject == null || (${holds('oldObject')}))`;
const valueOf = (path: string) => `${path}.orValue('')`;

const TOLD_OF = (it: string) => valueOf(`${it}.?status.?node`);
const EVENT_OF_NODE = (it: string) =>
  `${valueOf(`${it}.?source.?host`)} == variables.node && ${valueOf(`${it}.?reportingInstance`)} == variables.node`;
const EVENT_OF_BERTH = (it: string) =>
  [`${it}.?source.?component`, `${it}.?reportingComponent`]
    .map((path) => `${valueOf(path)} == '${COMPONENT}'`)
    .join(' && ');
const EVENT_ABOUT = (it: string) => {
  const [kind, name] = [valueOf(`${it}.involvedObject.?kind`), valueOf(`${it}.involvedObject.?name`)];
  return `(${kind} == 'Pod' || (${kind} == 'Node' && ${name} == variables.node))`;
};

const KEPT = [
  `${same('metadata.?finalizers')} && ${same('metadata.?ownerReferences')}`,
  'an agent changes neither finalizers nor owners',
] as const;
const METADATA = [
  [`${same('metadata.?labels')} && ${same('metadata.?annotations')}`, 'an agent changes no labels and no annotations'],
  KEPT,
] as const;

/** Of a Node's status, beside what has words of its own. */
const OTHERS = ['addresses', 'nodeInfo', 'daemonEndpoints', 'images', 'volumesInUse', 'volumesAttached'];

const POLICIES: readonly Policy[] = [
  {
    name: `${NAME}-agent-nodes`,
    rules: [core(['UPDATE'], 'nodes', 'nodes/status')],
    validations: [
      ['object.metadata.name == variables.node', 'an agent writes its own Node only'],
      ...METADATA,
      [
        `${sameList('spec.?taints', `it.key == '${NOT_READY_TAINT}'`)} && ${same('spec.?unschedulable')} && ${same('spec.?podCIDRs')} && ${same('spec.?providerID')}`,
        `of a Node's spec an agent changes the taint ${NOT_READY_TAINT} only`,
      ],
      [
        sameList('status.?conditions', "it.type == 'NetworkUnavailable' || it.type.startsWith('berth.dev/')"),
        'of conditions an agent changes NetworkUnavailable and its own only',
      ],
      [
        ['capacity', 'allocatable']
          .map((it) => sameBut(`status.?${it}`, [ADDRESS_RESOURCE, POD_NIC_RESOURCE]))
          .join(' && '),
        `of resources an agent changes ${ADDRESS_RESOURCE} and ${POD_NIC_RESOURCE} only`,
      ],
      [
        OTHERS.map((it) => same(`status.?${it}`)).join(' && '),
        `an agent does not change a Node's ${OTHERS.join(', ')}`,
      ],
    ],
  },
  {
    name: `${NAME}-agent-pods`,
    rules: [core(['UPDATE'], 'pods/status')],
    validations: [
      ["oldObject.spec.?nodeName.orValue('') == variables.node", 'an agent writes to pods of its own node only'],
      [`${same('?status')} && ${same('metadata.?labels')}`, 'an agent changes neither status nor labels of pods'],
      KEPT,
      [
        sameBut('metadata.?annotations', POD_IPS_NAMES),
        "of annotations an agent changes those of pods' addresses only",
      ],
    ],
  },
  {
    name: `${NAME}-agent-berthnodes`,
    rules: [
      {
        apiGroups: ['berth.dev'],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['berthnodes', 'berthnodes/status'],
      },
    ],
    validations: [['object.metadata.name == variables.node', 'an agent writes the BerthNode of its own node only']],
  },
  {
    name: `${NAME}-agent-staticaddresses`,
    rules: [
      {
        apiGroups: ['berth.dev'],
        apiVersions: ['*'],
        operations: ['UPDATE'],
        resources: ['staticaddresses/status'],
      },
    ],
    validations: [
      ['object.spec.node == variables.node', 'an agent tells of static addresses that its own node may have only'],
      // who had it before stays told where it is lost: that agent may be gone
      [
        `${TOLD_OF('object')} in ['', variables.node] || ${TOLD_OF('object')} == ${TOLD_OF('oldObject')}`,
        'an agent tells of its own node only',
      ],
    ],
  },
  {
    name: `${NAME}-agent-events`,
    rules: [core(['CREATE', 'UPDATE'], 'events')],
    validations: [
      [wasAndIs(EVENT_OF_NODE), 'an agent tells Events of its own node only'],
      [wasAndIs(EVENT_OF_BERTH), 'an agent tells Events as berth only'],
      [wasAndIs(EVENT_ABOUT), 'an agent tells Events about pods and its own Node only'],
    ],
  },
];

/** What an agent may write, more narrowly than its role. Where no policies are known, the role alone counts. */
export function admissionObjects({ namespace }: Values): readonly KubeObject[] {
  return POLICIES.flatMap(({ name, rules, validations }) => {
    const metadata = { name, labels: LABELS };
    const of = { apiVersion: `${GROUP}/v1`, metadata };
    return [
      {
        ...of,
        kind: 'ValidatingAdmissionPolicy',
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: { resourceRules: rules },
          matchConditions: [
            {
              name: 'agent',
              expression: `request.userInfo.username == 'system:serviceaccount:${namespace}:${NAME}'`,
            },
          ],
          variables: [
            {
              name: 'node',
              expression: `request.userInfo.?extra['${NODE_NAME}'].orValue([''])[0]`,
            },
          ],
          validations: [
            { expression: "variables.node != ''", message: 'an agent must have a token that is bound to its node' },
            ...validations.map(([expression, message]) => ({ expression, message })),
          ],
        },
      },
      { ...of, kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: name, validationActions: ['Deny'] } },
    ];
  });
}
