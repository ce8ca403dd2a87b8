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
import { Line } from './call-line.ts';
import { accept, close, listenAt, whenReadable } from './call-socket.ts';
import { type Peer, peerReader } from './peer.ts';
import { listenOnFile } from './socket-file.ts';

const BACKLOG = 1_024; // callers that wait in the kernel
const ACCEPT_AGAIN_MS = 100; // after accept(2) failed
/** Most calls have their answer by then; from then on it is noticed when a caller hangs up. */
const PATIENCE_MS = 20;

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
  let fd = -1;
  const removeFile = await listenOnFile(options.path, (path) => {
    fd = listenAt(path, BACKLOG);
  });
  const watched = whenReadable(fd, () => {
    try {
      const caller = accept(fd); // one a turn: who came first is answered before the next is heard
      if (caller !== undefined) desk.take(caller);
    } catch (err) {
      options.log.error('call server failed', { err }); // EMFILE, for one: who waits goes on waiting
      watched.pause();
      setTimeout(() => watched.resume(), ACCEPT_AGAIN_MS).unref();
    }
  });
  const sweep = setInterval(() => desk.sweep(performance.now()), 1_000).unref();
  let closing: Promise<void> | undefined;
  return {
    get connections() {
      return desk.connections;
    },
    close: () => {
      if (closing !== undefined) return closing;
      watched.stop();
      close(fd);
      removeFile();
      closing = desk.stop().finally(() => clearInterval(sweep));
      return closing;
    },
  };
}

/** One connection. */
interface Visit {
  readonly line: Line;
  readonly since: number;
  readonly caller: { pid: number; gone: boolean };
  phase: 'arriving' | 'answering' | 'leaving';
  start: Uint8Array; //             what came before the length was known: at most three bytes
  frame: Uint8Array | undefined; // as long as the request says it is
  filled: number; //                bytes of the frame that are there
}

/** All connections, and what may be asked of them. */
class Desk {
  readonly #options: CallServerOptions;
  readonly #allow: (peer: Peer) => boolean;
  readonly #peerOf = peerReader();
  readonly #visits = new Set<Visit>();
  readonly #requestMs: number;
  readonly #limit: number;
  readonly #bytesLimit: number;
  #bytes = 0;
  #emptied: () => void = () => {};

  constructor(options: CallServerOptions) {
    this.#options = options;
    this.#allow = options.allow ?? ((peer) => peer.uid === 0);
    this.#requestMs = options.requestMs ?? 10_000;
    this.#limit = options.connectionLimit ?? 1_024;
    this.#bytesLimit = options.totalBytesLimit ?? 64 * 1024 * 1024;
  }

  get connections(): number {
    return this.#visits.size;
  }

  take(fd: number): void {
    const peer = this.#peerOf(fd);
    if (peer === undefined || !this.#allow(peer)) {
      this.#options.log.warn('call denied', { pid: peer?.pid, uid: peer?.uid });
      return close(fd);
    }
    if (this.#visits.size >= this.#limit) {
      this.#options.log.warn('call dropped', { reason: 'connection limit', limit: this.#limit });
      return close(fd);
    }
    const visit: Visit = {
      line: new Line(fd, {
        more: (chunk) => this.#receive(visit, chunk),
        ended: () => this.#ended(visit),
        left: () => this.#left(visit),
      }),
      since: performance.now(),
      caller: { pid: peer.pid, gone: false },
      phase: 'arriving',
      start: NOTHING,
      frame: undefined,
      filled: 0,
    };
    this.#visits.add(visit);
    visit.line.listen();
    if (visit.phase === 'arriving') visit.line.follow();
    else setTimeout(() => visit.line.follow(), PATIENCE_MS).unref(); // the caller may hang up meanwhile
  }

  /** Ends what takes too long to arrive, or to be read after its answer. */
  sweep(now: number): void {
    for (const visit of this.#visits)
      if (visit.phase !== 'answering' && now - visit.since > this.#requestMs) this.#refuse(visit, 'too slow');
  }

  /** Lets go of everybody whose request is not there yet. Settles when the others have their answers. */
  stop(): Promise<void> {
    for (const visit of this.#visits) if (visit.phase === 'arriving') visit.line.destroy();
    return new Promise((resolve) => {
      this.#emptied = resolve;
      if (this.#visits.size === 0) resolve();
    });
  }

  #receive(visit: Visit, chunk: Uint8Array): void {
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
  #collect(visit: Visit, chunk: Uint8Array): Uint8Array | undefined {
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
    visit.frame.set(rest, visit.filled);
    visit.filled += rest.length;
    return visit.filled === visit.frame.length ? visit.frame : undefined;
  }

  async #answer(visit: Visit, call: CallFrame, version: number): Promise<void> {
    try {
      const reply = await this.#options.answer(call, visit.caller);
      visit.phase = 'leaving';
      visit.line.end(encodeReply(reply, version));
    } catch (err) {
      this.#options.log.error('call failed', { command: call.env['CNI_COMMAND'], err });
      visit.line.destroy();
    }
  }

  /** The executable keeps its side open until it has its answer: an end before that is a caller that was killed. */
  #ended(visit: Visit): void {
    if (visit.phase === 'answering') visit.caller.gone = true;
    if (visit.phase !== 'arriving') return;
    if (visit.frame !== undefined || visit.start.length > 0) this.#refuse(visit, 'a torn request');
    else visit.line.destroy(); // only asked whether we are alive
  }

  #refuse(visit: Visit, reason: string): void {
    this.#options.log.warn('call malformed', { reason, pid: visit.caller.pid });
    visit.line.destroy();
  }

  #left(visit: Visit): void {
    if (visit.phase === 'answering') visit.caller.gone = true;
    this.#forget(visit);
    this.#visits.delete(visit);
    if (this.#visits.size === 0) this.#emptied();
  }

  #forget(visit: Visit): void {
    this.#bytes -= visit.frame?.length ?? 0;
    visit.frame = undefined;
    visit.start = NOTHING;
  }
}

const NOTHING = new Uint8Array(0);
