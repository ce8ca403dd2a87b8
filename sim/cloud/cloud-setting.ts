import { type Address, address, contains, type Prefix, prefix } from '../../src/base/ip.ts';
import type { Random } from '../../src/base/random.ts';
import type { Targets } from '../../src/core/ipam/cloud.ts';
import { cloudDefaults } from '../../src/io/config/cloud-defaults.ts';
import type { AgentConfig } from '../../src/io/config/agent-config.ts';
import type { Setting } from '../setting.ts';

export const REGION = 'us-east-1';
export const ZONE = `${REGION}a`;
export const CLUSTER = 'sim';
export const VPC: Prefix = prefix('10.0.0.0/16');

/** How the nodes of one seed are, and the subnets they stand in. */
export interface CloudSetting {
  readonly nodes: number;
  readonly type: string;
  readonly subnet: Prefix; //               of all primary NICs
  readonly more: Prefix | undefined; //     another that pods may use
  readonly unit: 'address' | 'prefix';
  readonly targets: Targets;
  readonly foreign: 'adopt' | 'ignore';
  readonly pods: number; //                 that come to one node at most
  readonly outside: boolean; //             others take and add things
  readonly spacious: boolean; //            there is room for everybody's pods
}

const TARGETS: readonly Targets[] = [
  {},
  {},
  { warmAddresses: 1 },
  { warmAddresses: 1, minimumAddresses: 3 },
  { warmNics: 1 },
];

export function cloudSettingOf(random: Random): CloudSetting {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)] as T;
  const nodes = pick([1, 1, 2, 2, 3, 4]);
  const unit = pick(['address', 'address', 'prefix'] as const);
  const narrow = random.fraction() < 0.3;
  const range = unit === 'prefix' ? (narrow ? '10.0.0.0/26' : '10.0.0.0/24') : narrow ? '10.0.0.0/28' : '10.0.0.0/25';
  return {
    nodes,
    type: pick(unit === 'prefix' ? ['t3.small'] : ['t3.small', 't3.small', 't2.micro', 't3.medium']),
    subnet: prefix(range),
    more: random.fraction() < 0.3 ? prefix('10.0.8.0/26') : undefined,
    unit,
    targets: pick(TARGETS),
    foreign: pick(['adopt', 'ignore'] as const),
    pods: pick([2, 4, 6]),
    outside: random.fraction() < 0.3,
    spacious: !narrow,
  };
}

const FILE_BYTES = 256 * 1024; // the plan of NICs is long
const DEFAULTS = cloudDefaults(); // to judge a configuration takes long, and thousands of nodes are made

/** The configuration of one node's agent, and what follows from it. */
export function nodeSetting(of: CloudSetting, name: string): Setting {
  const config: AgentConfig = {
    kubernetes: DEFAULTS.kubernetes,
    provider: 'aws',
    cloud: { ...DEFAULTS.cloud, unit: of.unit, targets: of.targets, foreign: of.foreign, maxPods: 24 },
    aws: { ...DEFAULTS.aws, cluster: CLUSTER },
    nodeName: name,
    network: {
      mode: 'routed',
      bridge: 'berth0',
      ranges: [],
      reserved: [],
      mtuBytes: 'auto',
      uplink: 'auto',
      cluster: [],
      masquerade: { enabled: true, except: [], ports: 'kept' },
      peers: [],
      tunnel: { use: 'never', vni: 4077, port: 4789 },
      forwardAccept: false,
    },
    pool: { cooldownMs: 30_000, patienceMs: 60_000, waitingLimit: 16 },
    repair: { enabled: false, delayMs: 300, intervalMs: 30_000, installation: 'never' },
    paths: { socket: '', adminSocket: '', state: '', spool: '' },
    http: { listen: undefined },
    log: { level: 'info', format: 'json', file: undefined, fileBytes: 1 },
  };
  const givable = (it: Address) => contains(VPC, it) && !RESERVED.has(it);
  return { config, givable, pods: of.pods, foreign: false, rot: false, fileBytes: FILE_BYTES };
}

const RESERVED: ReadonlySet<Address> = new Set(
  ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.8.0', '10.0.8.1', '10.0.8.2', '10.0.8.3'].map(address),
);

/** The setting in a line, for whoever reads a story. */
export function cloudSettingText(of: CloudSetting): string {
  const { nodes, type, subnet, more, unit, targets, foreign, outside } = of;
  const subnets = [subnet, more ?? []].flat().join(' and ');
  const aim = Object.entries(targets).map(([name, value]) => `${name} ${value}`);
  const others = outside ? `others meddle (theirs: ${foreign})` : [];
  return [`${nodes} of ${type} in ${subnets}`, unit === 'prefix' ? 'prefixes' : [], aim, others].flat().join('; ');
}
