import type { Random } from '../src/base/random.ts';
import type { SpoolDoor, SpooledCall } from '../src/apps/node-agent/doors.ts';
import type { CallFrame } from '../src/wire/agent/frame.ts';

/** The spool's directory: what the CNI executable put there is durable, its removal by the agent only some day. */
export class SimSpool {
  readonly #calls: Map<string, CallFrame>;
  readonly #removed: Map<string, CallFrame>; // since the machine started
  #count: number;

  constructor(from?: SimSpool) {
    this.#calls = new Map(from === undefined ? [] : from.#calls);
    this.#removed = new Map(from === undefined ? [] : from.#removed);
    this.#count = from === undefined ? 0 : from.#count;
  }

  clone(): SimSpool {
    return new SimSpool(this);
  }

  get size(): number {
    return this.#calls.size;
  }

  calls(): readonly CallFrame[] {
    return [...this.#calls.values()];
  }

  /** As the CNI executable does when nobody answers. */
  put(call: CallFrame): void {
    this.#calls.set(`${String(++this.#count).padStart(19, '0')}-1.del`, call);
  }

  /** The machine loses its power: some of what was removed is there again. */
  powerCut(random: Random): void {
    for (const [name, call] of this.#removed) if (random.fraction() < 0.5) this.#calls.set(name, call);
    this.#removed.clear();
  }

  /** A process' view of it. `touch` is called before everything it does, `ears` hold who is told when a call comes. */
  open(touch: (what: string) => void, ears: Set<() => void>): SpoolDoor {
    return {
      entries: () => {
        touch('entries');
        return [...this.#calls].map(([name, call]): SpooledCall => ({ name, call }));
      },
      remove: (name) => {
        touch(`remove ${name}`);
        const call = this.#calls.get(name);
        if (call === undefined) return;
        this.#removed.set(name, call);
        this.#calls.delete(name);
      },
      watch: (listener) => {
        ears.add(listener);
        return () => ears.delete(listener);
      },
    };
  }
}
