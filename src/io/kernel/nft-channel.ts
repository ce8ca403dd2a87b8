import { Writer } from '../../base/bytes.ts';
import { ERRNO } from '../../wire/netlink/errno.ts';
import { FLAG, writeMessage, type Message } from '../../wire/netlink/header.ts';
import { messageOf, writeTransaction, type Operation } from '../../wire/nftables/batch.ts';
import { sendBatch, type Request } from './batch.ts';
import { Channel, type Fault } from './channel.ts';
import { kernelError } from './kernel-error.ts';
import { KernelError } from './kernel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';

const BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * An operation of a transaction that the kernel refused. `index` counts operations; -1 is the transaction as a whole.
 */
export interface Refused {
  readonly index: number;
  readonly errno: string;
  readonly error: KernelError;
}

/** Operations that read: several in one datagram, told apart by their place. */
export type Question = Pick<Operation, 'name' | 'family' | 'body'>;

/** nfnetlink: transactions, questions and dumps. Throws KernelError when the socket fails. */
export class NftChannel {
  readonly channel: Channel;
  /** One buffer for all requests: nothing of it is kept after sending. */
  readonly writer = new Writer(16_384);

  /** In a namespace, or without one in that of the calling thread. */
  constructor(netns?: Netns) {
    const where = netns === undefined ? {} : { netns };
    const room = { receiveBytes: BUFFER_BYTES, sendBytes: BUFFER_BYTES };
    this.channel = new Channel(NetlinkSocket.open({ protocol: 'netfilter', ...where, ...room }));
  }

  /** What notifications call the sender of what this channel does. */
  get port(): number {
    return this.channel.socket.port;
  }

  /**
   * Does all operations at once, or none: then it says which were refused, all of them, and why. `doing` is for the
   * error's text.
   */
  transact(operations: readonly Operation[], doing: (index: number) => string): readonly Refused[] {
    if (operations.length === 0) return [];
    const first = this.channel.number(operations.length + 2);
    this.writer.rewind();
    writeTransaction(this.writer, first, operations);
    const { replies } = this.channel.exchange(this.writer.written, first, first + operations.length);
    return replies
      .filter((reply): reply is Fault => reply.is === 'error')
      .map(({ sequence, errno, said }) => {
        const index = sequence - first - 1;
        const error = kernelError(errno, doing(index), said);
        return { index, errno: error.errno, error };
      });
  }

  /** The answer to each question; undefined where the kernel says that there is none (ENOENT). */
  ask(questions: readonly Question[], what: string): readonly (Message | undefined)[] {
    const { faults, answers } = sendBatch(
      this,
      questions.map((question) => messageOf({ ...question, flags: 0 })),
    );
    for (const { errno, said } of faults.values())
      if (errno !== ERRNO.ENOENT) throw kernelError(errno, `read ${what}`, said);
    return questions.map((_, i) => answers.get(i));
  }

  /** All messages of a dump, of one moment; none when the place it is about is not there. */
  dump(request: Pick<Request, 'type' | 'body'>, what: string): readonly Message[] {
    try {
      return this.channel.dump((sequence) => {
        this.writer.rewind();
        const header = { type: request.type, flags: FLAG.REQUEST | FLAG.DUMP, sequence };
        writeMessage(this.writer, header, request.body);
        return this.writer.written;
      }, what);
    } catch (error) {
      if (error instanceof KernelError && error.kind === 'absent') return [];
      throw error;
    }
  }

  close(): void {
    this.channel.socket.close();
  }
}
