import { Worker } from 'node:worker_threads';
import type { ProbeCalls } from './worker.ts';

type Call = keyof ProbeCalls;
interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A resident in a network namespace that serves, connects, pings. Close it: it keeps its namespace alive. */
export class Probe {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #last = 0;

  /** Enters the namespace of a path. */
  static async open(netns: string): Promise<Probe> {
    const probe = new Probe(netns);
    await probe.#reply(0);
    return probe;
  }

  private constructor(netns: string) {
    this.#worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { netns } });
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiting?.resolve(reply.value);
      else waiting?.reject(new Error(reply.error));
    });
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Asks one thing of it. */
  ask<C extends Call>(call: C, ...args: Parameters<ProbeCalls[C]>): ReturnType<ProbeCalls[C]> {
    const id = ++this.#last;
    const reply = this.#reply(id);
    this.#worker.postMessage({ id, call, args });
    return reply as ReturnType<ProbeCalls[C]>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}
