import type { ControllerDoors } from '../../src/apps/controller/doors.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import type { Carrier } from '../../src/io/cloud/remote/carrier.ts';
import type { CloudPlant } from '../cloud/cloud-plant.ts';
import type { ProcessDoor } from './api-client.ts';

/** A bug, planted in a cluster: to see whether anybody notices. */
export interface ClusterPlant extends CloudPlant {
  /** Between a controller and the API server. */
  readonly client?: (client: KubeClient, door: ProcessDoor) => KubeClient;
  /** Between an agent and the API server. */
  readonly agentClient?: (client: KubeClient, door: ProcessDoor) => KubeClient;
  /** Between a controller and everything. */
  readonly controller?: (doors: ControllerDoors) => ControllerDoors;
  /** Between an agent and the controller. */
  readonly carrier?: (carrier: Carrier) => Carrier;
}

export const NO_CLUSTER_PLANT: ClusterPlant = {};
