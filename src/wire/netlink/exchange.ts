import { Reader } from '../../base/bytes.ts';
import { readAttributes, textOfAttribute, u32Of } from './attribute.ts';
import { FLAG, NLMSG, readMessages, type Message } from './header.ts';

/**
 * A conversation about one batch of requests, numbered `first` to `last`. Only the last asks for an ACK, or is a dump:
 * it is over with the ACK, the error or the DONE of `last`. Errors of earlier requests come before it, each with its
 * own number.
 */
export interface Exchange {
  readonly first: number;
  readonly last: number;
  readonly over: boolean;
  /** NLM_F_DUMP_INTR was seen: what was dumped is not of one moment. */
  readonly interrupted: boolean;
}

/** What the kernel said to one request of the batch. */
export type Reply =
  | { readonly is: 'message'; readonly message: Message }
  | { readonly is: 'done'; readonly sequence: number } // an ACK, or the end of a dump
  /** `errno` is positive. `said` is the kernel's own text, or "". `offset` is where in the request it saw the fault. */
  | {
      readonly is: 'error';
      readonly sequence: number;
      readonly errno: number;
      readonly said: string;
      readonly offset?: number;
    };

export function begin(first: number, last = first): Exchange {
  return { first, last, over: false, interrupted: false };
}

/**
 * Takes one datagram. Messages of other sequence numbers (late answers, notifications) are left out.
 * Messages of replies are views into the datagram. Throws DecodeError when the datagram is not whole messages.
 */
export function absorb(exchange: Exchange, datagram: Uint8Array): { exchange: Exchange; replies: readonly Reply[] } {
  const ours = readMessages(datagram).filter(({ sequence }) => sequence >= exchange.first && sequence <= exchange.last);
  const replies = ours.filter(({ type }) => type !== NLMSG.NOOP).map(replyOf);
  const over = replies.some((reply) => reply.is !== 'message' && reply.sequence === exchange.last);
  const interrupted = ours.some(({ flags, type }) => type !== NLMSG.ERROR && (flags & FLAG.DUMP_INTR) !== 0);
  return {
    exchange: { ...exchange, over: exchange.over || over, interrupted: exchange.interrupted || interrupted },
    replies,
  };
}

function replyOf(message: Message): Reply {
  const { type, sequence } = message;
  if (type !== NLMSG.ERROR && type !== NLMSG.DONE) return { is: 'message', message };
  // DONE carries an errno too: a dump that fails half-way ends so
  const errno = message.body.length < 4 ? 0 : -new Reader(message.body).i32();
  if (errno === 0) return { is: 'done', sequence };
  return { is: 'error', sequence, errno, ...extendedAck(message) };
}

const NLMSGERR_ATTR = { MSG: 1, OFFS: 2 } as const;

/**
 * The attributes behind an error: i32 errno | the request's header, or the whole request when not capped |
 * attributes.
 */
function extendedAck(message: Message): { said: string; offset?: number } {
  if ((message.flags & FLAG.ACK_TLVS) === 0) return { said: '' };
  const reader = new Reader(message.body, 4);
  if (message.type === NLMSG.ERROR) {
    const length = reader.u32();
    reader.skip((message.flags & FLAG.CAPPED) !== 0 ? 12 : ((length + 3) & ~3) - 4);
  }
  const attributes = readAttributes(reader.run(reader.left));
  const said = attributes.find(({ type }) => type === NLMSGERR_ATTR.MSG);
  const offset = attributes.find(({ type }) => type === NLMSGERR_ATTR.OFFS);
  return {
    said: said === undefined ? '' : textOfAttribute(said),
    ...(offset === undefined ? {} : { offset: u32Of(offset) }),
  };
}
