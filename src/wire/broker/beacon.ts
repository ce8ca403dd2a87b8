import { hostPort, type HostPort } from '../../base/host-port.ts';
import { MessageError, parsed } from './field.ts';

// How agents find the replica of the controller that works, and know it: a ConfigMap, which only the controller may
// write. The certificates are all that agents trust there: no authority, no file, no secret.

/** The ConfigMap's name. */
export const BEACON = 'berth-broker';
/** The name that certificates of controllers are for, whatever address they are reached by. */
export const CONTROLLER_NAME = 'berth-controller';

/** Where the controller that works is, and how to know it. */
export interface Beacon {
  readonly at: HostPort;
  readonly certificates: string; // PEM: the one it shows now, and the one before or after
}

/** `data` of the ConfigMap. */
export function writeBeacon({ at: { host, port }, certificates }: Beacon): Readonly<Record<string, string>> {
  return { at: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, certificates };
}

/** Throws MessageError. */
export function readBeacon(data: Readonly<Record<string, unknown>>): Beacon {
  const { at, certificates } = data;
  if (typeof at !== 'string' || typeof certificates !== 'string')
    throw new MessageError(`ConfigMap ${BEACON} says neither where the controller is nor how to know it`);
  return { at: parsed(hostPort, at, 'at'), certificates };
}

/** What agents' tokens for the controller are made for: a token for the API server is none for it, nor the reverse. */
export const AUDIENCE = 'berth.dev/controller';
