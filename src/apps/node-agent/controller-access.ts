import { readFileSync } from 'node:fs';
import type { KubeClient } from '../../io/kube/client.ts';
import { BEACON, type Beacon, readBeacon } from '../../wire/broker/beacon.ts';
import { loose } from '../../wire/kube/object.ts';
import { CONFIG_MAPS } from '../../wire/kube/resource.ts';

/** Where the agent's pod finds its token for the controller; the kubelet replaces it long before it ends. */
export const CONTROLLER_TOKEN = { folder: '/var/run/secrets/berth.dev/controller', file: 'token' } as const;

/** Where the controller that leads is, by the ConfigMap. Throws KubeError, MessageError. */
export function beaconIn(client: KubeClient, namespace: string): () => Promise<Beacon> {
  return async () => {
    const { data } = await client.get({ resource: CONFIG_MAPS, namespace, name: BEACON });
    return readBeacon(loose(data));
  };
}

/** Throws what reading a file throws. */
export function controllerToken({ folder, file } = CONTROLLER_TOKEN): string {
  return readFileSync(`${folder}/${file}`, 'utf8').trim();
}
