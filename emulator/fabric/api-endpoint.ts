import { createServer, type Socket } from 'node:net';
import { address } from '../../src/base/ip.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import type { Id } from '../cloud/nouns.ts';
import { type Listening, listenInside, type WhoHas } from './listen.ts';
import { API_PORT, API_V4 } from './numbers.ts';

/** Gets a connection to the cloud's API, and the instance it comes from, when that is still known. */
export type ApiDoor = (socket: Socket, from: Id | undefined) => void;

/** Hands over every connection to the cloud's API from inside a fabric's namespace. Throws FabricError. */
export function serveApi(netns: Netns, whoHas: WhoHas, take: ApiDoor): Listening {
  const server = createServer((socket) => {
    const { remoteAddress } = socket; // undefined: the client has left again
    take(socket, remoteAddress === undefined ? undefined : whoHas(address(remoteAddress)));
  });
  listenInside(netns, server, API_V4, API_PORT);
  return { close: () => server.close() };
}
