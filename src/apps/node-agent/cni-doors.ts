import type { AttachDoors } from './attach.ts';
import type { ClusterRunner } from './cluster-runner.ts';
import type { ConfigReader } from './config-reader.ts';
import type { AgentDoors } from './doors.ts';
import type { Lanes } from './lanes.ts';
import type { PodIpsTeller } from './pod-ips-teller.ts';
import type { PodGroupsRunner } from './pod-groups-runner.ts';
import type { PodRunner } from './pod-runner.ts';
import type { ReadinessDoors } from './readiness.ts';
import type { SpoolRunner } from './spool-runner.ts';

/** Everything the six verbs need. */
export interface CniDoors extends AttachDoors, ReadinessDoors, Pick<AgentDoors, 'log' | 'meter'> {
  readonly configs: ConfigReader;
  readonly lanes: Lanes;
  readonly spool: SpoolRunner;
  /** Where the node is of a cluster. */
  readonly cluster?: ClusterRunner;
  readonly pods?: PodRunner;
  /** Where pods may have security groups of their own. */
  readonly podGroups?: PodGroupsRunner;
  readonly podIps?: PodIpsTeller;
}
