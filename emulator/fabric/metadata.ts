import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { familyOf, address as parseAddress } from '../../src/base/ip.ts';
import { setsockopt } from '../../src/io/kernel/libc.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import { createServer } from '../../src/io/system/node-http.ts';
import { descriptorOf } from '../../src/io/system/peer.ts';
import { type Listening, listenInside, type WhoHas } from './listen.ts';
import type { MetadataHandler } from './metadata-answer.ts';
import { METADATA_PORT, METADATA_V4, METADATA_V6 } from './numbers.ts';

// IPPROTO_IP, IP_TTL; IPPROTO_IPV6, IPV6_UNICAST_HOPS: linux/in.h, linux/in6.h
const HOPS = { v4: [0, 2], v6: [41, 16] } as const;

const USUAL_HOPS = 64;
const BODY_LIMIT = 64 * 1024;

/**
 * Answers at the addresses of metadata inside a fabric's namespace, by HTTP/1.1. The asking instance is known by its
 * address: the source check stands before it. Throws FabricError.
 */
export function serveMetadata(netns: Netns, whoHas: WhoHas, handler: MetadataHandler): Listening {
  const servers = [METADATA_V4, METADATA_V6].map((host) => {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 30_000 });
    server.on('request', (request, response) => {
      // a handler that throws answers nobody
      answer(request, response, whoHas, handler).catch(() => response.destroy());
    });
    listenInside(netns, server, host, METADATA_PORT);
    return server;
  });
  return {
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, whoHas: WhoHas, handler: MetadataHandler) {
  const body = await readBody(request);
  const from = parseAddress(request.socket.remoteAddress ?? '0.0.0.0');
  const instance = whoHas(from);
  if (instance === undefined || body === undefined) {
    response.writeHead(instance === undefined ? 404 : 413).end();
    return;
  }
  const { method = 'GET', url: path = '/' } = request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(', ') : v]),
  );
  const said = await handler(instance, { method, path, headers, body });
  // per answer: the connection goes on
  setHops(request.socket, familyOf(from), said.hops ?? USUAL_HOPS);
  response.writeHead(said.status, { ...said.headers, 'content-length': Buffer.byteLength(said.body) });
  response.end(said.body);
}

/** Undefined: it is too long, or the client went away. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > BODY_LIMIT) return undefined;
      parts.push(part);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString();
}

/** What is sent from now on lives so many hops. */
function setHops(to: Socket, family: 'v4' | 'v6', hops: number): void {
  const fd = descriptorOf(to);
  const [level, name] = HOPS[family];
  if (fd >= 0) setsockopt(fd, level, name, hops);
}
