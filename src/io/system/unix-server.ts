import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../base/log.ts';
import {
  type CallFrame,
  decodeCall,
  encodeReply,
  frameVersion,
  FrameError,
  frameLength,
  type ReplyFrame,
} from '../../wire/agent/frame.ts';
import { type Peer, peerReader } from './peer.ts';
import { listenOnFile } from './socket-file.ts';

/** Whoever executed the CNI call. `gone` turns true when it hung up before it got its answer. */
export interface Caller {
  readonly pid: number;
  readonly gone: boolean;
}

export interface CallServerOptions {
  readonly path: string;
  readonly log: Logger;
  /** Answers one call. Must not throw: a thrown value is logged, and the caller sees a closed connection. */
  readonly answer: (call: CallFrame, caller: Caller) => Promise<ReplyFrame>;
  /** Whom to hear. Default: uid 0 of our own user namespace. */
  readonly allow?: (peer: Peer) => boolean;
  readonly connectionLimit?: number; // default 1,024: as many wait in the kernel besides
  readonly requestMs?: number; //       how long a whole request may take to arrive; default 10 s
  readonly totalBytesLimit?: number; // of all requests that are arriving; default 64 MiB
}

export interface CallServer {
  /** Connections that are open now. */
  readonly connections: number;
  /** Takes no new call, lets those that run be answered, removes the socket file. The second call does nothing more. */
  close(): Promise<void>;
}

/** Serves the CNI executable on a unix socket: one request, one reply a connection. Throws SocketError. */
export async function serveCalls(options: CallServerOptions): Promise<CallServer> {
  const desk = new Desk(options);
  const server = createServer({ allowHalfOpen: true, noDelay: false }, (socket) => desk.take(socket));
  server.maxConnections = options.connectionLimit ?? 1_024;
  server.on('drop', () =>
    options.log.warn('call dropped', { reason: 'connection limit', limit: server.maxConnections }),
  );
  const removeFile = await listenOnFile(server, options.path, 1_024);
  server.on('error', (err) => options.log.error('call server failed', { err })); // e.g. EMFILE at accept
  const sweep = setInterval(() => desk.sweep(performance.now()), 1_000).unref();
  let closing: Promise<void> | undefined;
  return {
    get connections() {
      return desk.connections;
    },
    close: () => {
      closing ??= closed(server).finally(() => clearInterval(sweep));
      removeFile();
      desk.stop();
      return closing;
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** One connection. */
interface Visit {
  readonly socket: Socket;
  readonly since: number;
  readonly caller: { pid: number; gone: boolean };
  phase: 'arriving' | 'answering' | 'leaving';
  start: Buffer; //             what came before the length was known: at most three bytes
  frame: Buffer | undefined; // as long as the request says it is
  filled: number; //            bytes of the frame that are there
}

/** All connections, and what may be asked of them. */
class Desk {
  readonly #options: CallServerOptions;
  readonly #allow: (peer: Peer) => boolean;
  readonly #peerOf = peerReader();
  readonly #visits = new Set<Visit>();
  readonly #requestMs: number;
  readonly #bytesLimit: number;
  #bytes = 0;

  constructor(options: CallServerOptions) {
    this.#options = options;
    this.#allow = options.allow ?? ((peer) => peer.uid === 0);
    this.#requestMs = options.requestMs ?? 10_000;
    this.#bytesLimit = options.totalBytesLimit ?? 64 * 1024 * 1024;
  }

  get connections(): number {
    return this.#visits.size;
  }

  take(socket: Socket): void {
    const peer = this.#peerOf(descriptorOf(socket));
    if (peer === undefined || !this.#allow(peer)) {
      this.#options.log.warn('call denied', { pid: peer?.pid, uid: peer?.uid });
      socket.destroy();
      return;
    }
    const visit: Visit = {
      socket,
      since: performance.now(),
      caller: { pid: peer.pid, gone: false },
      phase: 'arriving',
      start: NOTHING,
      frame: undefined,
      filled: 0,
    };
    this.#visits.add(visit);
    socket.on('data', (chunk) => this.#receive(visit, chunk));
    socket.on('end', () => this.#ended(visit));
    socket.on('error', () => {}); // the close that follows says it all
    socket.on('close', () => this.#left(visit));
  }

  /** Ends what takes too long to arrive, or to be read after its answer. */
  sweep(now: number): void {
    for (const visit of this.#visits)
      if (visit.phase !== 'answering' && now - visit.since > this.#requestMs) this.#refuse(visit, 'too slow');
  }

  /** Lets go of everybody whose request is not there yet. */
  stop(): void {
    for (const visit of this.#visits) if (visit.phase === 'arriving') visit.socket.destroy();
  }

  #receive(visit: Visit, chunk: Buffer): void {
    if (visit.phase !== 'arriving') return this.#refuse(visit, 'bytes behind the request');
    try {
      const frame = this.#collect(visit, chunk);
      if (frame === undefined) return;
      const call = decodeCall(frame);
      const version = frameVersion(frame);
      this.#forget(visit);
      visit.phase = 'answering';
      void this.#answer(visit, call, version);
    } catch (error) {
      this.#refuse(visit, error instanceof Error ? error.message : String(error));
    }
  }

  /** The whole frame once it is there. Most requests come in one piece and are not copied. Throws FrameError. */
  #collect(visit: Visit, chunk: Buffer): Buffer | undefined {
    let rest = chunk;
    if (visit.frame === undefined) {
      rest = visit.start.length === 0 ? chunk : Buffer.concat([visit.start, chunk]);
      const wanted = frameLength(rest);
      if (wanted === undefined) {
        visit.start = rest;
        return undefined;
      }
      if (rest.length === wanted) return rest;
      if (this.#bytes + wanted > this.#bytesLimit) throw new FrameError('too many large requests at once');
      this.#bytes += wanted;
      visit.frame = Buffer.allocUnsafe(wanted); // not resident before it is filled
    }
    if (visit.filled + rest.length > visit.frame.length) throw new FrameError('bytes behind the request');
    visit.filled += rest.copy(visit.frame, visit.filled);
    return visit.filled === visit.frame.length ? visit.frame : undefined;
  }

  async #answer(visit: Visit, call: CallFrame, version: number): Promise<void> {
    try {
      const reply = await this.#options.answer(call, visit.caller);
      visit.phase = 'leaving';
      if (!visit.socket.destroyed) visit.socket.end(encodeReply(reply, version));
    } catch (err) {
      this.#options.log.error('call failed', { command: call.env['CNI_COMMAND'], err });
      visit.socket.destroy();
    }
  }

  /** The executable keeps its side open until it has its answer: an end before that is a caller that was killed. */
  #ended(visit: Visit): void {
    if (visit.phase === 'answering') visit.caller.gone = true;
    if (visit.phase !== 'arriving') return;
    if (visit.frame !== undefined || visit.start.length > 0) this.#refuse(visit, 'a torn request');
    else visit.socket.destroy(); // only asked whether we are alive
  }

  #refuse(visit: Visit, reason: string): void {
    this.#options.log.warn('call malformed', { reason, pid: visit.caller.pid });
    visit.socket.destroy();
  }

  #left(visit: Visit): void {
    if (visit.phase === 'answering') visit.caller.gone = true;
    this.#forget(visit);
    this.#visits.delete(visit);
  }

  #forget(visit: Visit): void {
    this.#bytes -= visit.frame?.length ?? 0;
    visit.frame = undefined;
    visit.start = NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);

/** node:net keeps the descriptor to itself; -1 makes the peer unknown, and so unheard. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
