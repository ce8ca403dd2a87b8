import { basename, join } from 'node:path';
import { API } from './shared.ts';

/** Where the API server of a cluster answers for whoever may read its folder, in whatever namespace. */
export function apiSocket(folder: string): string {
  return join(doorOf(folder), basename(API));
}

/** A folder that all nodes see, at the folder of API. */
export function doorOf(folder: string): string {
  return join(folder, 'door');
}

/** Where the images are made that nodes import. */
export function imagesOf(folder: string): string {
  return join(folder, 'images');
}

/** Where the cluster's cgroup is on record. */
export function cgroupFile(folder: string): string {
  return join(folder, 'cgroup.json');
}
