import type { NicProvider } from '../../src/io/cloud/provider.ts';
import type { Plant } from '../plant.ts';
import type { CloudDoor } from './ec2-client.ts';

/** A bug, planted between agent and cloud: to see whether anybody notices. */
export interface CloudPlant {
  readonly node?: Plant;
  /** Between the provider and the network. */
  readonly door?: (door: CloudDoor) => CloudDoor;
  /** Between the agent and its provider. */
  readonly provider?: (provider: NicProvider, door: CloudDoor) => NicProvider;
}

export const NO_CLOUD_PLANT: CloudPlant = {};
