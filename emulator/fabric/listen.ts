import type { Server } from 'node:net';
import { addressBytes, type Address, familyOf } from '../../src/base/ip.ts';
import { bind, close, setsockopt, socket } from '../../src/io/kernel/libc.ts';
import type { Netns } from '../../src/io/kernel/netns.ts';
import type { Id } from '../cloud/nouns.ts';
import { FabricError } from './fabric-error.ts';

// asm-generic/socket.h, linux/in.h, linux/in6.h
const [AF_INET, AF_INET6, SOCK_STREAM, SOCK_CLOEXEC] = [2, 10, 1, 0x80000] as const;
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2] as const;

/** What listens inside a fabric, until it is closed. */
export interface Listening {
  close(): void;
}

/** The instance that has an address, in the VPC this is about; undefined when nobody has it any more. */
export type WhoHas = (address: Address) => Id | undefined;

/** Has a server of Node listen inside a namespace: its socket is made there and stays there. Throws FabricError. */
export function listenInside(netns: Netns, server: Server, host: Address, port: number): void {
  server.listen({ fd: netns.within(() => boundSocket(host, port)) });
}

/** A TCP socket with its address, made where the calling thread is. */
function boundSocket(host: Address, port: number): number {
  const v4 = familyOf(host) === 'v4';
  const fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new FabricError('listening', `no socket for ${host}: errno ${-fd}`);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const bound = bind(fd, socketAddress(v4, host, port));
  if (bound === 0) return fd;
  close(fd);
  throw new FabricError('listening', `cannot listen on ${host} port ${port}: errno ${-bound}`);
}

/**
 * struct sockaddr_in: u16 family | u16 port | address | 8 zeros; struct sockaddr_in6: u16 family | u16 port | u32 flow
 * | address | u32 scope. Ports and addresses in network order.
 */
function socketAddress(v4: boolean, host: Address, port: number): Uint8Array {
  const bytes = new Uint8Array(v4 ? 16 : 28);
  const behind = v4 ? [] : [0, 0, 0, 0];
  bytes.set([v4 ? AF_INET : AF_INET6, 0, port >> 8, port & 0xff, ...behind, ...addressBytes(host)]);
  return bytes;
}
