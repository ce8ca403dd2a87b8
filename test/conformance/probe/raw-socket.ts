import koffi from 'koffi';
import { close, socket } from '../../../src/io/kernel/libc.ts';
import { address, addressBytes, addressOfBytes } from '../../../src/base/ip.ts';

const AF_INET = 2; // linux/socket.h
const AF_INET6 = 10;
const SOCK_RAW_NONBLOCK = 3 | 0x800 | 0x80000; // with SOCK_NONBLOCK and SOCK_CLOEXEC
const ADDRESS_LENGTH = 28; // struct sockaddr_in6, the longer one

const libc = koffi.load(null);
const sendto = libc.func(
  'intptr sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32 size)',
);
const recvfrom = libc.func('intptr recvfrom(int fd, void *bytes, size_t length, int flags, void *from, void *size)');

/** A raw IP socket of one protocol, in the namespace of the thread that opened it. Needs root. */
export class RawSocket {
  readonly family: 4 | 6;
  readonly #fd: number;

  constructor(family: 4 | 6, protocol: number) {
    this.family = family;
    this.#fd = socket(family === 4 ? AF_INET : AF_INET6, SOCK_RAW_NONBLOCK, protocol);
    if (this.#fd < 0) throw new Error(`a raw socket of protocol ${protocol}: errno ${-this.#fd}`);
  }

  /** Sends one packet. Answers false when the kernel knows no way there (yet). */
  send(to: string, bytes: Uint8Array): boolean {
    const target = new Uint8Array(ADDRESS_LENGTH);
    target[0] = this.family === 4 ? AF_INET : AF_INET6;
    target.set(addressBytes(address(to)), this.family === 4 ? 4 : 8);
    return sendto(this.#fd, bytes, bytes.length, 0, target, this.family === 4 ? 16 : ADDRESS_LENGTH) === bytes.length;
  }

  /** The next packet, or undefined when none is waiting. IPv4 comes with its header, IPv6 without. */
  receive(): { from: string; bytes: Uint8Array } | undefined {
    const bytes = new Uint8Array(2_048);
    const source = new Uint8Array(ADDRESS_LENGTH);
    const length = Number(recvfrom(this.#fd, bytes, bytes.length, 0, source, Uint32Array.of(ADDRESS_LENGTH)));
    if (length < 0) return undefined;
    const from = this.family === 4 ? source.subarray(4, 8) : source.subarray(8, 24);
    return { from: addressOfBytes(from), bytes: bytes.slice(0, length) };
  }

  close(): void {
    close(this.#fd);
  }
}
