import type { Writer } from '../../base/bytes.ts';
import { beginMessage, endMessage, FLAG, type Message } from '../../wire/netlink/header.ts';
import type { Place } from './place.ts';

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
 * Sends requests as one datagram, with an ACK for the last alone. The kernel goes on after a request that it refused, so some may be done
 * and some not: `faults` has every refused one. Throws KernelError when the socket itself fails.
 */
export function sendBatch(
  { channel, writer }: Pick<Place, 'channel' | 'writer'>,
  requests: readonly Request[],
): Outcome {
  const first = channel.number(requests.length);
  writer.rewind();
  requests.forEach(({ type, flags, body }, i) => {
    const last = i === requests.length - 1;
    const start = beginMessage(writer, {
      type,
      flags: flags | FLAG.REQUEST | (last ? FLAG.ACK : 0),
      sequence: first + i,
    });
    body(writer);
    endMessage(writer, start);
  });
  const faults = new Map<number, Fault>();
  const answers = new Map<number, Message>();
  if (requests.length === 0) return { faults, answers };
  for (const reply of channel.exchange(writer.written, first, first + requests.length - 1).replies) {
    if (reply.is === 'error') faults.set(reply.sequence - first, reply);
    else if (reply.is === 'message') answers.set(reply.message.sequence - first, reply.message);
  }
  return { faults, answers };
}
