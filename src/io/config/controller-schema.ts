import { hostname } from 'node:os';
import { awsKeys } from './cloud-schema.ts';
import { serverKey } from './kubernetes-keys.ts';
import { logKeys } from './log-keys.ts';
import { section } from './section.ts';
import { duration, filePath, ipAddress, listenAddress, nodeName, oneOf, whole } from './values.ts';

const callKeys = (burst: number, perSecond: number) => ({
  burst: whole(1, 10_000).default(burst).describe('So many calls of an action may go at once.'),
  perSecond: whole(1, 10_000).default(perSecond).describe('And so many a second after that.'),
});

/** The controller's file. The keys that it shares with the agent's mean the same. */
export const controllerSchema = section(
  {
    namespace: nodeName.prefault('kube-system').describe('The namespace of its Lease.'),
    replica: nodeName
      .prefault(() => hostname())
      .describe('The name of this replica: no other has it. Default: the host name.'),
    provider: oneOf(['podcidr', 'aws'])
      .default('podcidr')
      .describe("Where the agents' addresses come from: as `provider` of the agents."),
    aws: section(
      { ...awsKeys, region: awsKeys.region.describe('The region: with `aws` it has to be said.') },
      'Amazon EC2; for `aws`.',
    ),
    kubernetes: section(
      {
        access: oneOf(['in-cluster', 'kubeconfig'])
          .default('in-cluster')
          .describe('How the API server is asked: as the pod that we run in, or as a file says.'),
        kubeconfig: filePath.prefault('/etc/berth/kubeconfig').describe('That file.'),
        server: serverKey,
      },
      'The cluster.',
    ),
    broker: section(
      {
        address: ipAddress
          .optional()
          .describe('Where this replica answers agents that have the cloud asked. Absent: nowhere.'),
        port: whole(1, 65_535).default(9_466).describe('The port there.'),
        agents: nodeName.prefault('berth').describe("The agents' service account, in the same namespace."),
      },
      'For agents with `cloud.access: controller`; not for `podcidr`.',
    ),
    leaked: section(
      {
        interval: duration({ least: 10_000, most: 86_400_000 })
          .prefault('5m')
          .describe('How often NICs are looked for that our agents made and nobody has any more.'),
        atMost: whole(0, 1_000).default(20).describe('So many of them are deleted at once. 0: none.'),
      },
      'NICs that nobody has.',
    ),
    calls: section(
      {
        changing: section(callKeys(40, 4), 'Calls that change something.'),
        reading: section(callKeys(80, 16), 'Calls that only ask.'),
      },
      'What all nodes together may ask of the cloud, of each action by itself.',
    ),
    http: section(
      { listen: listenAddress.optional().describe('Host and port of /metrics, /healthz and /readyz. Absent: none.') },
      'HTTP.',
    ),
    log: section(logKeys, 'Logs, on standard error or in a file.'),
  },
  'The configuration of the controller.',
);
