import type { Writer } from '../../base/bytes.ts';
import type { Reply } from '../../wire/netlink/exchange.ts';
import { beginMessage, endMessage, FLAG, type Message } from '../../wire/netlink/header.ts';
import type { Channel } from './channel.ts';

/** What a batch is sent through: a channel and a buffer to write the requests in. */
export interface Line {
  readonly channel: Channel;
  readonly writer: Writer;
}

/** One message to be sent. `flags` without REQUEST and ACK: the batch adds them. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly body: (writer: Writer) => void;
}

/** A request of the batch that the kernel refused. `errno` is positive. */
export interface Fault {
  readonly errno: number;
  readonly said: string;
}

/** What became of each request of a batch, by its place in it. */
export interface Outcome {
  readonly faults: ReadonlyMap<number, Fault>;
  /** Answers to requests that asked for something. */
  readonly answers: ReadonlyMap<number, Message>;
}

/**
 * Sends requests as one datagram, with an ACK for the last alone. The kernel goes on after a request that it refused,
 * so some may be done and some not: `faults` has every refused one. Throws KernelError when the socket itself fails.
 */
export function sendBatch(line: Line, requests: readonly Request[]): Outcome {
  if (requests.length === 0) return outcomeOf([], 0);
  const first = spell(line, requests);
  return outcomeOf(line.channel.exchange(line.writer.written, first, first + requests.length - 1).replies, first);
}

/**
 * The same with the sending on a thread of the pool, for requests that hold the caller long. One at a time on a line.
 */
export async function sendBatchOnThread(line: Line, requests: readonly Request[]): Promise<Outcome> {
  const first = spell(line, requests);
  const last = first + requests.length - 1;
  return outcomeOf((await line.channel.exchangeOnThread(line.writer.written, first, last)).replies, first);
}

/** Writes the requests into the line's buffer; the number of the first. */
function spell({ channel, writer }: Line, requests: readonly Request[]): number {
  const first = channel.number(requests.length);
  writer.rewind();
  requests.forEach(({ type, flags, body }, i) => {
    const ack = i === requests.length - 1 ? FLAG.ACK : 0;
    const start = beginMessage(writer, { type, flags: flags | FLAG.REQUEST | ack, sequence: first + i });
    body(writer);
    endMessage(writer, start);
  });
  return first;
}

function outcomeOf(replies: readonly Reply[], first: number): Outcome {
  const faults = new Map<number, Fault>();
  const answers = new Map<number, Message>();
  for (const reply of replies) {
    if (reply.is === 'error') faults.set(reply.sequence - first, reply);
    else if (reply.is === 'message') answers.set(reply.message.sequence - first, reply.message);
  }
  return { faults, answers };
}
