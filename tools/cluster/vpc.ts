import { ACCESS_KEY } from '../../emulator/server/start.ts';
import type { Topology, TopologyInstance } from '../../emulator/server/topology.ts';
import { run } from '../demo/processes.ts';
import { API, DemoCloud } from '../demo/vpc/cloud.ts';
import type { Ground, Post } from './ground.ts';

const [VPC, ZONE_A, ZONE_B] = ['10.0.0.0/16', '10.0.0.0/24', '10.0.1.0/24'] as const;
/** Of the first zone: nothing stands there unless a NICConfig says so. */
const FOR_PODS = ['10.0.2.0/24', '10.0.3.0/24'];
const CONTROL: Post = { name: 'control', addresses: ['10.0.0.5'] };

/** Which nodes there are. */
export interface VpcSpec {
  readonly workers: number;
  readonly type: string;
  readonly broker: boolean; // the controller asks the cloud; the nodes have no credentials at all
}

/**
 * Instances of an emulated VPC in two zones, as nodes, with the control plane on another. Pods' addresses are those of
 * their NICs. The emulator is a process of its own, with the delays and quotas of a usual day.
 */
export async function vpcGround(folder: string, of: VpcSpec): Promise<Ground> {
  const { workers, type, broker } = of;
  run('ip', ['link', 'set', 'lo', 'up']); // the emulator's own ports
  const posts = Array.from({ length: workers }, (_, i) => workerPost(i + 1));
  const cloud = await DemoCloud.start(folder, topology(posts, { type, ...(broker ? { role: '' } : {}) }));
  const { instances } = await cloud.summary();
  const aws = { endpoint: API, cluster: 'berth' };
  const keys = { nicConfigs: 'pods', ...(broker ? { access: 'controller' } : {}) };
  const agent = { provider: 'aws', aws, cloud: keys };
  const controller = {
    config: { provider: 'aws', aws: { ...aws, region: 'us-east-1' } },
    environment: { AWS_ACCESS_KEY_ID: ACCESS_KEY.id, AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret },
  };
  const instance = ({ name }: Post) => {
    const found = instances.find((it) => it.name === name);
    return `aws:///${found?.zone}/${found?.id}`;
  };
  const enter = ({ name }: Post) => cloud.network(name);
  return { control: CONTROL, workers: posts, pods: [VPC], splits: false, agent, controller, instance, enter };
}

/** Every second one in the second zone. */
function workerPost(i: number): Post {
  return { name: `node-${i}`, addresses: [`10.0.${(i + 1) % 2}.${10 + i}`] };
}

function topology(workers: readonly Post[], of: Pick<TopologyInstance, 'type' | 'role'>): Topology {
  const instance = ({ name, addresses: [address] }: Post): TopologyInstance => {
    const subnet = address.startsWith('10.0.0.') ? 'subnet-a' : 'subnet-b';
    return { name, subnet, address, ...of };
  };
  return {
    zones: ['us-east-1a', 'us-east-1b'],
    vpcs: [
      {
        name: 'cluster',
        range: VPC,
        subnets: [
          { name: 'subnet-a', zone: 'us-east-1a', range: ZONE_A },
          { name: 'subnet-b', zone: 'us-east-1b', range: ZONE_B },
          ...FOR_PODS.map((range, i) => ({ name: `pods-${i + 1}`, zone: 'us-east-1a', range })),
        ],
        instances: [CONTROL, ...workers].map(instance),
      },
    ],
  };
}
