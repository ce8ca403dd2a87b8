import type { Stage } from '../cloud/cloud-run.ts';
import type { Run } from '../run.ts';
import type { BrokerNet } from './broker-net.ts';
import type { ClusterPlant } from './cluster-plant.ts';
import type { ClusterSetting } from './cluster-setting.ts';
import type { Fences } from './fences.ts';
import type { Kube } from './kube.ts';
import type { Promises } from './promises.ts';
import type { Questions } from './questions.ts';
import type { SimReplica } from './replica.ts';
import type { SimApi } from './sim-api.ts';

/** A whole cluster: nodes in their region, the API server, the replicas of the controller, and who uses them. */
export interface ClusterStage {
  readonly stage: Stage;
  readonly setting: ClusterSetting;
  readonly plant: ClusterPlant;
  readonly api: SimApi;
  readonly net: BrokerNet;
  readonly kube: Kube;
  readonly replicas: readonly SimReplica[];
  readonly promises: Promises;
  readonly fences: Fences;
  readonly questions: Questions;
}

/** Where what concerns no node in particular is blamed. */
export function theRun({ stage }: ClusterStage): Run | undefined {
  return stage.scene.cluster.nodes[0]?.run;
}
