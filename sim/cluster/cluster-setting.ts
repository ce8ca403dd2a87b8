import { prefix } from '../../src/base/ip.ts';
import type { Random } from '../../src/base/random.ts';
import type { AgentConfig } from '../../src/io/config/agent-config.ts';
import { type CloudSetting, cloudSettingOf, cloudSettingText, nodeSetting } from '../cloud/cloud-setting.ts';
import type { Setting } from '../setting.ts';
import type { SetWish } from './stateful-sets.ts';

/** How the cluster of one seed is. */
export interface ClusterSetting {
  readonly cloud: CloudSetting;
  readonly access: AgentConfig['cloud']['access']; // who asks the cloud for a node
  readonly sets: readonly SetWish[];
  readonly tells: boolean; // agents tell Nodes, BerthNodes and Events
}

/** A call of the API server, one of the cloud and its tries. */
const GRACE_MS = 60_000;

const RETENTIONS = ['30s', '2m', 'Never'] as const;

export function clusterSettingOf(random: Random): ClusterSetting {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)] as T;
  const drawn = cloudSettingOf(random);
  const range = drawn.unit === 'prefix' ? '10.0.0.0/24' : '10.0.0.0/25';
  return {
    cloud: {
      ...drawn,
      nodes: pick([1, 2, 2, 3, 3, 4]),
      type: drawn.unit === 'prefix' ? 't3.medium' : drawn.type === 't2.micro' ? 't3.small' : drawn.type, // room for all
      subnet: prefix(range),
      more: undefined, // an address is the same on any node of its subnet alone
      pods: pick([1, 2, 4]),
      outside: false,
      foreign: 'adopt', // one more address for a name is on no record: an answer that is lost must be found again
      spacious: true,
    },
    access: pick(['controller', 'node'] as const),
    sets: [
      { name: 'db', replicas: pick([1, 2, 3]), retention: pick(RETENTIONS) },
      ...(random.fraction() < 0.5 ? [{ name: 'www', replicas: 1 }] : []),
    ],
    tells: random.fraction() < 0.3,
  };
}

/** The configuration of one node's agent, and what follows from it. */
export function clusterNodeSetting(of: ClusterSetting, name: string): Setting {
  const setting = nodeSetting(of.cloud, name);
  const { config } = setting;
  const told = { events: of.tells, status: of.tells, tellNode: of.tells };
  return {
    ...setting,
    graceMs: GRACE_MS,
    config: {
      ...config,
      kubernetes: { ...config.kubernetes, access: 'in-cluster', ...told },
      cloud: { ...config.cloud, access: of.access },
    },
  };
}

/** The setting in a line, for whoever reads a story. */
export function clusterSettingText({ cloud, access, sets, tells }: ClusterSetting): string {
  const who = access === 'controller' ? 'the controller asks the cloud' : 'nodes ask the cloud';
  const words = sets.map(
    ({ name, replicas, retention }) => `${replicas} of ${name}${retention ? ` kept ${retention}` : ''}`,
  );
  return [cloudSettingText(cloud), who, words.join(' and '), tells ? 'agents tell' : []].flat().join('; ');
}
