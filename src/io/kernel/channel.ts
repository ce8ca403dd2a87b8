import { absorb, begin, type Reply } from '../../wire/netlink/exchange.ts';
import type { Message } from '../../wire/netlink/header.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError } from './kernel.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

/** A dump that was disturbed this often in a row is given up: somebody changes the state all the time. */
const DUMP_TRIES = 20;

/** What the kernel said to a batch. `interrupted`: the state changed while it was dumped. */
export interface Answer {
  readonly replies: readonly Reply[];
  readonly interrupted: boolean;
}

/** A failed request of a batch. */
export type Fault = Extract<Reply, { is: 'error' }>;

/** A socket with the numbers of its requests: sends batches and gathers the replies that belong to them. */
export class Channel {
  readonly socket: NetlinkSocket;
  #next = 1;

  constructor(socket: NetlinkSocket) {
    this.socket = socket;
  }

  /** The numbers of the next `count` requests: the first of them. They are used up, sent or not. */
  number(count = 1): number {
    if (this.#next + count > 0x7fffffff) this.#next = 1;
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /**
   * Sends requests `first` to `last`, the last with ACK or DUMP, and waits for all replies. Throws KernelError when
   * the socket fails.
   */
  exchange(bytes: Uint8Array, first: number, last = first): Answer {
    this.socket.send(bytes);
    return this.gather(first, last);
  }

  /** The same with the sending on a thread of the pool. One at a time. */
  async exchangeOnThread(bytes: Uint8Array, first: number, last = first): Promise<Answer> {
    await this.socket.sendOnThread(bytes);
    return this.gather(first, last);
  }

  /**
   * The replies to requests already sent. An exchange that ends without its last reply is `lost`, unless an error
   * explains it.
   */
  gather(first: number, last: number): Answer {
    let exchange = begin(first, last);
    const replies: Reply[] = [];
    while (!exchange.over) {
      const datagram = this.socket.receive();
      if (datagram === undefined) {
        if (replies.some((reply) => reply.is === 'error')) break;
        throw new KernelError('lost', 'netlink gave no answer');
      }
      const taken = absorb(exchange, datagram);
      exchange = taken.exchange;
      replies.push(...taken.replies.map(kept));
    }
    return { replies, interrupted: exchange.interrupted };
  }

  /** All messages of a dump, of one moment. `request` writes it with the number given. Throws KernelError. */
  dump(request: (sequence: number) => Uint8Array, what: string): readonly Message[] {
    for (let tries = 0; tries < DUMP_TRIES; tries++) {
      const sequence = this.number();
      const { replies, interrupted } = this.exchange(request(sequence), sequence);
      const fault = replies.find((reply) => reply.is === 'error');
      if (fault !== undefined) throw kernelError(fault.errno, `list ${what}`, fault.said);
      if (!interrupted) return replies.flatMap((reply) => (reply.is === 'message' ? [reply.message] : []));
    }
    throw new KernelError('busy', `cannot list ${what}: they changed all the time`);
  }
}

/** A message must outlive the socket's buffer. */
function kept(reply: Reply): Reply {
  return reply.is === 'message' ? { ...reply, message: { ...reply.message, body: reply.message.body.slice() } } : reply;
}
