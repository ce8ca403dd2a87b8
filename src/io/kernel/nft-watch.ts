import { FAMILY, takeFamily } from '../../wire/netlink/netfilter.ts';
import { textOfAttribute, readAttributes } from '../../wire/netlink/attribute.ts';
import { readMessages, type Message } from '../../wire/netlink/header.ts';
import { operationOf } from '../../wire/nftables/batch.ts';
import { takeChain } from '../../wire/nftables/chain.ts';
import { takeGeneration } from '../../wire/nftables/generation.ts';
import { takeRule } from '../../wire/nftables/rule.ts';
import { watchReadable, type Watched } from './libc.ts';
import { KernelError, type KernelChange } from './kernel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';
import { dropsForwarded, isForwardRule } from './nft-forward.ts';

const NFNLGRP_NFTABLES = 7; // linux/netfilter/nfnetlink.h
const NAME_OF_TABLE = 1; //    NFTA_TABLE_NAME, NFTA_CHAIN_TABLE …: the first attribute of every kind of message
/** Others' rulesets may be large, and every change of theirs is told too. */
const RECEIVE_BYTES = 8 * 1024 * 1024;

/** What to watch for. */
export interface NftWatchOptions {
  readonly table: string;
  readonly ownPort: number; // of the socket whose changes need not be told
  readonly netns?: Netns;
  readonly tell: (change: KernelChange) => void;
}

/**
 * Tells of transactions of others that concern us: whatever they change in our table, an accept rule of ours that they
 * delete, a forward chain that begins to drop. One change per transaction, with the process that made it.
 */
export class NftWatch {
  readonly #socket: NetlinkSocket;
  readonly #options: NftWatchOptions;
  readonly #watched: Watched;
  #concerned = false;

  constructor(options: NftWatchOptions) {
    this.#options = options;
    const where = options.netns === undefined ? {} : { netns: options.netns };
    const socket = { protocol: 'netfilter', groups: [NFNLGRP_NFTABLES], receiveBytes: RECEIVE_BYTES } as const;
    this.#socket = NetlinkSocket.open({ ...socket, ...where });
    this.#watched = watchReadable(this.#socket.fd, () => this.#drain());
  }

  /** Closing again is harmless. */
  close(): void {
    this.#watched.stop();
    this.#socket.close();
  }

  #drain(): void {
    try {
      for (let datagram = this.#socket.receive(); datagram !== undefined; datagram = this.#socket.receive())
        for (const message of readMessages(datagram)) this.#hear(message);
    } catch (error) {
      if (!(error instanceof KernelError) || error.kind !== 'lost') throw error;
      this.#concerned = false;
      this.#options.tell({ kind: 'overflow' });
    }
  }

  #hear(message: Message): void {
    if (message.port === this.#options.ownPort) return;
    if (operationOf(message.type) !== 'newGeneration') {
      this.#concerned ||= concerns(message, this.#options.table);
      return;
    }
    if (!this.#concerned) return; // the last message of a transaction
    this.#concerned = false;
    const { processName, processId } = takeGeneration(message.body);
    const by = processName === undefined ? {} : { by: `${processName} (pid ${processId ?? '?'})` };
    this.#options.tell({ kind: 'host', what: 'nftables', ...by });
  }
}

function concerns({ type, body }: Message, ourTable: string): boolean {
  const operation = operationOf(type);
  const { family, attributes } = takeFamily(body);
  const [first] = readAttributes(attributes);
  const table = first?.type === NAME_OF_TABLE ? textOfAttribute(first) : '';
  if (family === FAMILY.inet && table === ourTable) return true;
  if (operation === 'delRule') return isForwardRule(takeRule(body));
  return operation === 'newChain' && dropsForwarded(takeChain(body));
}
