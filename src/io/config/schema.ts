import { hostname } from 'node:os';
import * as z from 'zod';
import {
  COOLDOWN_MS,
  DEFAULT_BRIDGE,
  PATIENCE_MS,
  VXLAN_PORT,
  VXLAN_VNI,
  WAITING_LIMIT,
} from '../../core/datapath/numbers.ts';
import { awsKeys, cloudKeys } from './cloud-schema.ts';
import { podIpsKey, serverKey } from './kubernetes-keys.ts';
import { logKeys } from './log-keys.ts';
import { list, section, sectionError } from './section.ts';
import {
  addressOrRange,
  duration,
  durationText,
  filePath,
  ipAddress,
  ipRange,
  linkName,
  listenAddress,
  nodeName,
  oneOf,
  socketPath,
  whole,
  yesOrNo,
} from './values.ts';

// The one source of the configuration file: what is read, what is refused, what docs/configuration.md tells.
// Each key: what it is for, in a line; keys marked `restart` are taken on when the agent starts, all others while it
// runs.

const peer = z
  .strictObject(
    {
      name: nodeName.describe("The other node's name."),
      addresses: list(ipAddress, 2)
        .min(1, { error: 'expected one address, or one of each family' })
        .describe('Where the other node is reached: one address, or one of each family.'),
      ranges: list(ipRange, 64).describe('The ranges of pods that stand behind it.'),
    },
    { error: sectionError },
  )
  .describe('Another node.');

const network = {
  mode: oneOf(['routed', 'bridge'])
    .default('routed')
    .describe('`routed`: each pod has a route of its own. `bridge`: all pods on one bridge.')
    .meta({ restart: true }),
  bridge: linkName.prefault(DEFAULT_BRIDGE).describe('The name of the bridge.').meta({ restart: true }),
  ranges: list(ipRange, 64).default([]).describe("This node's own ranges; pods get an address of each family in them."),
  reserved: list(addressOrRange, 1_024).default([]).describe('Addresses and ranges that no pod is given.'),
  mtu: z
    .union([z.literal('auto'), whole(576, 65_535)], { error: 'expected auto, or a whole number from 576 to 65535' })
    .default('auto')
    .describe("Bytes of the pods' interfaces. `auto`: the uplink's, less the tunnel's overhead where there is one."),
  uplink: linkName
    .prefault('auto')
    .describe(
      'The interface towards the other nodes. `auto`: that of the default route, else the first with an address.',
    ),
  cluster: list(ipRange, 256)
    .default([])
    .describe("Ranges inside which pods keep their own address, besides this node's and the peers'."),
  masquerade: section(
    {
      enabled: yesOrNo.default(true).describe("Whether what leaves the cluster's ranges takes the node's address."),
      except: list(ipRange, 1_024).default([]).describe('Destinations outside where pods keep their own address.'),
      ports: oneOf(['kept', 'hashed', 'random'])
        .default('random')
        .describe("Source ports of it: the pods' own where free, by a hash of the connection, or by chance."),
    },
    'Egress under the address of the node.',
  ),
  peers: list(peer, 4_096).default([]).describe('The other nodes and their ranges. The entry of this node is skipped.'),
  tunnel: section(
    {
      use: oneOf(['auto', 'always', 'never'])
        .default('auto')
        .describe('VXLAN to other nodes. `auto`: to those that share no link with this one.'),
      vni: whole(1, 16_777_215).default(VXLAN_VNI).describe('The VXLAN network identifier, the same on all nodes.'),
      port: whole(1, 65_535).default(VXLAN_PORT).describe('The UDP port of VXLAN, the same on all nodes.'),
    },
    'How nodes are reached that share no link.',
  ),
  forwardAccept: yesOrNo
    .default(true)
    .describe("Whether foreign FORWARD chains that drop by policy are opened for this node's ranges."),
};

/** The configuration file. Every key has a description; `restart` in its metadata: see `configKeys`. */
export const configSchema = section(
  {
    nodeName: nodeName
      .prefault(() => hostname())
      .describe("This node's name: in logs, and to find itself among the peers. Default: the host name.")
      .meta({ restart: true }),
    provider: oneOf(['podcidr', 'aws'])
      .default('podcidr')
      .describe(
        "Where pods' addresses come from. `podcidr`: the ranges of `network.ranges`. `aws`: NICs of Amazon EC2.",
      )
      .meta({ restart: true }),
    network: section(network, 'The network of this node and the others.'),
    pool: section(
      {
        cooldown: duration({ least: 0, most: 86_400_000 })
          .prefault(durationText(COOLDOWN_MS))
          .describe('How long a used address rests before another pod may get it.')
          .meta({ restart: true }),
        patience: duration({ least: 0, most: 600_000 })
          .prefault(durationText(PATIENCE_MS))
          .describe('How long an ADD may wait for an address before it is refused.'),
        waitingLimit: whole(0, 100_000)
          .default(WAITING_LIMIT)
          .describe('How many ADDs may wait at once.')
          .meta({ restart: true }),
      },
      'How addresses are given.',
    ),
    cloud: section(cloudKeys, 'What a node on a cloud holds; not for `podcidr`.').meta({ restart: true }),
    aws: section(awsKeys, 'Amazon EC2; for `aws`.').meta({ restart: true }),
    kubernetes: section(
      {
        access: oneOf(['none', 'in-cluster', 'kubeconfig'])
          .default('none')
          .describe(
            'How the API server is asked. `none`: this node is of no cluster. `in-cluster`: as the pod that we run in. `kubeconfig`: as a file says.',
          ),
        kubeconfig: filePath.prefault('/etc/berth/kubeconfig').describe('That file.'),
        namespace: nodeName
          .prefault('kube-system')
          .describe('Where Berth is installed: the controller is found there.'),
        server: serverKey,
        cordon: oneOf(['hold', 'ignore'])
          .default('hold')
          .describe('Whether a cordoned node of a cloud asks for nothing and gives nothing back.'),
        tellNode: yesOrNo
          .default(true)
          .describe(
            'Whether the Node says how it is: conditions, `berth.dev/address` among its resources, the taint of nodes without an agent taken away.',
          ),
        podIps: podIpsKey,
        events: yesOrNo.default(true).describe('Whether pods and nodes get Events that say what was decided.'),
        status: yesOrNo.default(true).describe('Whether the BerthNode of this node tells how it is.'),
      },
      'The cluster that this node is of: ranges, other nodes and pods to come are learnt from it.',
    ).meta({ restart: true }),
    repair: section(
      {
        enabled: yesOrNo
          .default(true)
          .describe('Whether things of ours that somebody removed are made again.')
          .meta({ restart: true }),
        delay: duration({ least: 0, most: 60_000 })
          .prefault('200ms')
          .describe('How long changes gather before they are looked at.'),
        interval: duration({ least: 1_000, most: 86_400_000 })
          .prefault('30s')
          .describe('How often everything is compared, also what the kernel tells nothing of.'),
        installation: oneOf(['altered', 'missing', 'never'])
          .default('altered')
          .describe(
            'Whether the CNI executable and the network list that `berth install` wrote are put back: when they were changed or deleted, when they were deleted, or never.',
          ),
      },
      'What happens when the kernel, or what was installed, is not as it should be.',
    ),
    paths: section(
      {
        socket: socketPath.prefault('/run/berth/agent.sock').describe('Where the CNI executable finds the agent.'),
        adminSocket: socketPath.prefault('/run/berth/admin.sock').describe('Where `berth` finds the agent.'),
        state: filePath.prefault('/var/lib/berth').describe('The directory of the journal.'),
        spool: filePath.prefault('/var/lib/berth/spool').describe('Where DELs are kept that came without an agent.'),
      },
      'Files and sockets.',
    ).meta({ restart: true }),
    http: section(
      { listen: listenAddress.optional().describe('Host and port of /metrics, /healthz and /readyz. Absent: none.') },
      'HTTP besides the admin socket.',
    ).meta({ restart: true }),
    log: section(logKeys, 'Logs, on standard error or in a file.'),
  },
  'The configuration of the agent.',
);

/** The file's content after defaults, in its own words. */
export type ConfigFile = z.output<typeof configSchema>;
