import type { ClusterPlant } from './cluster-plant.ts';

export const CLUSTER_PLANTED: Readonly<Record<string, ClusterPlant>> = {};
