import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressBytes, familyOf, type Address, address as parseAddress } from '../../src/base/ip.ts';
import { bind, close, setsockopt, socket } from '../../src/io/kernel/libc.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import { createServer } from '../../src/io/system/node-http.ts';
import { descriptorOf } from '../../src/io/system/unix-server.ts';
import type { Id } from '../cloud/nouns.ts';
import { FabricError } from './fabric-error.ts';
import type { MetadataHandler } from './metadata-answer.ts';
import { METADATA_PORT, METADATA_V4, METADATA_V6 } from './numbers.ts';

// asm-generic/socket.h, linux/in.h, linux/in6.h
const [AF_INET, AF_INET6, SOCK_STREAM, SOCK_CLOEXEC] = [2, 10, 1, 0x80000] as const;
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2] as const;
const HOPS = { v4: [0, 2], v6: [41, 16] } as const; // IPPROTO_IP, IP_TTL; IPPROTO_IPV6, IPV6_UNICAST_HOPS

const USUAL_HOPS = 64;
const BODY_LIMIT = 64 * 1024;

export interface MetadataServer {
  close(): void;
}

/** Who has an address, in the VPC this is about; undefined when nobody has it any more. */
export type WhoHas = (address: Address) => Id | undefined;

/**
 * Answers at the addresses of metadata inside a fabric's namespace, by HTTP/1.1. The asking instance is known by its
 * address: the source check stands before it. Throws FabricError.
 */
export function serveMetadata(netns: Netns, whoHas: WhoHas, handler: MetadataHandler): MetadataServer {
  const servers = [METADATA_V4, METADATA_V6].map((host) => {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 30_000 });
    server.on('request', (request, response) => void answer(request, response, whoHas, handler));
    server.listen({ fd: netns.within(() => boundSocket(host)) });
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

/** A TCP socket with its address, made where the calling thread is; it stays there. */
function boundSocket(host: Address): number {
  const v4 = familyOf(host) === 'v4';
  const fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new FabricError('metadata', `no socket for ${host}: errno ${-fd}`);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const bound = bind(fd, v4 ? socketAddress4(host) : socketAddress6(host));
  if (bound === 0) return fd;
  close(fd);
  throw new FabricError('metadata', `cannot listen on ${host}: errno ${-bound}`);
}

/** struct sockaddr_in: u16 family | u16 port, network order | address | 8 zeros. */
function socketAddress4(host: Address): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([AF_INET, 0, METADATA_PORT >> 8, METADATA_PORT & 0xff, ...addressBytes(host)]);
  return bytes;
}

/** struct sockaddr_in6: u16 family | u16 port, network order | u32 flow | address | u32 scope. */
function socketAddress6(host: Address): Uint8Array {
  const bytes = new Uint8Array(28);
  bytes.set([AF_INET6, 0, METADATA_PORT >> 8, METADATA_PORT & 0xff, 0, 0, 0, 0, ...addressBytes(host)]);
  return bytes;
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
  const said = handler(instance, { method, path, headers, body });
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
