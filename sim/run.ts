import type { Millis } from '../src/base/clock.ts';
import type { Random } from '../src/base/random.ts';
import { hostLinkName } from '../src/core/datapath/pod-plan.ts';
import type { CallFrame, ReplyFrame } from '../src/wire/agent/frame.ts';
import { atAnswer, type Blame, LAWS, type Law, nameOf, onRecord, type Scene } from './checkers.ts';
import type { Faults } from './faults.ts';
import { type FarDoors, type Fate, Life, type Point, Stopped } from './life.ts';
import { BEGINNING, type Machine } from './machine.ts';
import type { Plant } from './plant.ts';
import { type Call, type CallKind, idOf, type Runtime, type Sandbox, toldBy } from './runtime.ts';
import type { Setting } from './setting.ts';

/** What a run is played with. */
export interface RunParts extends FarDoors {
  readonly machine: Machine;
  readonly runtime: Runtime;
  readonly random: Random;
  readonly faults: Faults;
  readonly plant: Plant;
  readonly setting: Setting;
  /** Calls overlap, in an order that the random numbers say; else each goes as far as it can. */
  readonly overlapping: boolean;
  /** Called at each place where the process can be stopped. True: it ends there. */
  readonly onPoint: (point: Point, run: Run) => boolean;
  readonly story: ((line: string) => void) | undefined;
  /** Where several nodes share one time: who lets things happen on all of them. */
  readonly together?: Together;
  /** When the API server last did not answer this node's agent. */
  readonly unheardAt?: () => Millis | undefined;
  /** More laws about an answer that just came. */
  readonly judge?: (run: Run, call: Call, reply: ReplyFrame) => Iterable<Blame>;
}

/** Lets things happen: without time passing, until it is so or too late, and for a while. */
export interface Together {
  settle(): Promise<void>;
  until(isSo: () => boolean, limit: Millis): Promise<void>;
  pass(ms: Millis): Promise<void>;
}

interface Reply {
  readonly call: Call;
  readonly reply: ReplyFrame;
}

/**
 * Resolves when no promise has anything left to do: ticks come after the last microtask. Cheaper than a turn of Node's
 * loop.
 */
export const quiet = () => new Promise<void>((done) => process.nextTick(done));

const TURNS = 20_000; // of one wait: whatever is not done then never will be

/**
 * A machine with its container runtime and the agent's lives on it: everything happens when it is let happen, one
 * thing at a time.
 */
export class Run implements Fate, Together {
  readonly parts: RunParts;
  readonly blames: Blame[] = [];
  life: Life | undefined;
  /** A bit of the journal turned over: what was lost so is read off the kernel. */
  rotten = false;
  #paused: (() => void)[] = [];
  #replies: Reply[] = [];

  constructor(parts: RunParts) {
    this.parts = parts;
  }

  get faults(): Faults {
    return this.parts.faults;
  }

  get doors(): Fate['doors'] {
    return this.parts;
  }

  get plant(): Plant {
    return this.parts.plant;
  }

  get now(): Millis {
    return this.parts.machine.time.now;
  }

  get up(): boolean {
    return this.life?.up === true;
  }

  scene(): Scene {
    const { runtime, machine, setting } = this.parts;
    const { cooldownMs, patienceMs } = setting.config.pool;
    const isUnconfirmed = (sandbox: Sandbox, since: Millis) =>
      this.life?.remembered?.attachments.has(idOf(sandbox)) === true && (this.parts.unheardAt?.() ?? 0) >= since;
    return {
      runtime,
      world: machine.world,
      now: this.now,
      cooldownMs,
      patienceMs: patienceMs + (setting.graceMs ?? 1_000),
      ...{ givable: setting.givable, faults: this.faults.active || this.rotten, isUnconfirmed },
    };
  }

  tell(line: () => string): void {
    this.parts.story?.(`${((this.now - BEGINNING) / 1_000).toFixed(3).padStart(8)} s  ${line()}`);
  }

  blame(law: Law, detail: string): void {
    this.tell(() => `BROKEN ${LAWS[law]}: ${detail}`);
    this.blames.push({ law, detail });
  }

  blameAll(blames: Iterable<Blame>): void {
    for (const { law, detail } of blames) this.blame(law, detail);
  }

  ends(point: Point): boolean {
    return this.parts.onPoint(point, this);
  }

  pause(): Promise<void> | undefined {
    if (!this.parts.overlapping) return undefined;
    return new Promise((resume) => this.#paused.push(resume));
  }

  /** A new process, until it serves. Whether it does: it may have been stopped on the way, or refused by a fault. */
  async start(): Promise<boolean> {
    const { machine, setting, runtime } = this.parts;
    this.tell(() => 'agent  starts');
    const life = new Life(machine, setting, this);
    this.life = life;
    [this.#paused, this.#replies] = [[], []];
    let outcome: 'up' | Error | undefined;
    life.start().then(
      () => (outcome = 'up'),
      (failed: unknown) => (outcome = failed instanceof Error ? failed : new Error(JSON.stringify(failed))),
    );
    this.#checkRemembered(life);
    await this.until(() => outcome !== undefined || life.ended, this.now + 60_000);
    if (life.ended) return false;
    if (outcome === 'up') {
      runtime.calmSince = this.faults.active ? undefined : this.now;
      for (const call of runtime.calls.values()) this.#send({ ...call, askedAt: this.now });
      return true;
    }
    const why = outcome === undefined ? 'it never ends' : `${outcome.name}: ${outcome.message}`;
    if (!this.faults.active) this.blame('starts', why);
    this.tell(() => `agent  does not start: ${why}`);
    this.stop();
    return false;
  }

  /** What a process that has just opened its journal found there. */
  #checkRemembered({ remembered }: Life): void {
    if (remembered === undefined || !remembered.sameBoot || this.rotten) return;
    this.blameAll(onRecord(this.scene(), remembered.attachments, true));
  }

  /** The process ends here and now. What it had in hand is abandoned. */
  stop(): void {
    this.life?.end();
    [this.#paused, this.#replies] = [[], []];
  }

  /** A process of the CNI executable begins to ask. */
  ask(kind: CallKind, sandbox: Sandbox | undefined, frame: CallFrame): void {
    const call = this.parts.runtime.newCall(kind, sandbox, frame, this.now);
    this.tell(() => `call   ${kind} of ${nameOf(sandbox)}`);
    if (this.up) this.#send(call);
  }

  #send(call: Call): void {
    const { life } = this;
    if (life === undefined) return;
    this.parts.runtime.calls.set(call.n, call);
    life.call(call.frame).then(
      (reply) => {
        if (life === this.life && !life.ended) this.#replies.push({ call, reply });
      },
      (error: unknown) => {
        if (!(error instanceof Stopped)) this.blame('defect', String(error));
      },
    );
  }

  /** Lets everything happen that can without time passing. */
  async settle(): Promise<void> {
    const { together } = this.parts;
    if (together !== undefined) return together.settle();
    for (let i = 0; i < TURNS; i++) if (!(await this.#turn())) return;
    this.blame('answer', 'it never comes to rest');
  }

  /** Lets everything happen, time included, until it is so or it is too late. */
  async until(isSo: () => boolean, limit: Millis): Promise<void> {
    const { together } = this.parts;
    if (together !== undefined) return together.until(isSo, limit);
    for (let i = 0; i < TURNS; i++) {
      const moved = await this.#turn();
      if (isSo() || this.life?.ended === true) return;
      if (!moved && !this.fire(limit)) return;
    }
    this.blame('answer', 'it never comes to rest');
  }

  /** Lets time pass, with everything that happens in it. */
  async pass(ms: Millis): Promise<void> {
    const { together } = this.parts;
    if (together !== undefined) return together.pass(ms);
    const end = this.now + ms;
    if (this.up) await this.until(() => false, end);
    if (this.life?.ended !== false || this.up) this.parts.machine.time.moveTo(end);
  }

  /** One thing that is ready, after everything that follows from the last one. Whether there was one. */
  async #turn(): Promise<boolean> {
    await quiet();
    return this.doNext();
  }

  /** One of the things that are ready now, by lot where calls overlap. Whether there was one. */
  doNext(): boolean {
    const { ready } = this;
    if (ready === 0) return false;
    const lot = this.parts.overlapping ? Math.floor(this.parts.random.fraction() * ready) : 0;
    const reply = this.#replies[lot - this.#paused.length];
    if (reply === undefined) this.#paused.splice(lot, 1)[0]?.();
    else this.#deliver(this.#replies.splice(lot - this.#paused.length, 1)[0] ?? reply);
    return true;
  }

  /** How many things could happen now. */
  get ready(): number {
    return this.life?.ended === true ? 0 : this.#paused.length + this.#replies.length;
  }

  /** The process' next timer, unless it is later than this. Whether there was one. */
  fire(limit: Millis): boolean {
    try {
      return this.life?.clock.fireNext(limit) === true;
    } catch (error) {
      if (!(error instanceof Stopped)) this.blame('defect', `a timer threw: ${String(error)}`);
      return true;
    }
  }

  #deliver({ call, reply }: Reply): void {
    const { runtime } = this.parts;
    const now = runtime.calls.get(call.n) ?? call;
    runtime.calls.delete(call.n);
    const sandbox = runtime.sandboxes.get(call.sandbox);
    this.tell(() => `answer ${call.kind} of ${nameOf(sandbox)}: ${wordsOf(reply)}`);
    this.blameAll(atAnswer(this.scene(), now, reply));
    this.blameAll(this.parts.judge?.(this, now, reply) ?? []);
    if (sandbox === undefined || now.orphaned || reply.exitCode !== 0) return;
    if (call.kind === 'add' || call.kind === 'again') {
      const told = toldBy(reply.stdout);
      for (const address of told.addresses) runtime.left.delete(address);
      runtime.change(sandbox, { told });
    }
    if (call.kind !== 'del') return;
    runtime.change(sandbox, { gone: true });
    for (const address of sandbox.told?.addresses ?? []) {
      const leaving = runtime.left.get(address);
      if (leaving?.holder === sandbox.n) runtime.left.set(address, { ...leaving, done: leaving.done ?? this.now });
    }
    this.parts.machine.world.removeSandbox(sandbox.netns);
  }

  /** A DEL that nobody answers in time is spooled: for the runtime it is done. */
  spool(sandbox: Sandbox, frame: CallFrame): void {
    const { runtime, machine } = this.parts;
    for (const call of runtime.callsOf(sandbox)) runtime.calls.set(call.n, { ...call, orphaned: true });
    runtime.change(runtime.dismiss(sandbox, this.now), { gone: true, spooled: true });
    this.tell(() => `spool  the DEL of ${nameOf(sandbox)}`);
    machine.spool.put(frame);
    machine.world.removeSandbox(sandbox.netns);
    this.life?.spooled();
  }

  /** So is the DEL of a sandbox that is no more, whose container lives in another: it concerns nobody. */
  spoolLate(sandbox: Sandbox | undefined, frame: CallFrame): void {
    this.tell(() => `spool  the late DEL of the former sandbox of ${nameOf(sandbox)}`);
    this.parts.machine.spool.put(frame);
    this.life?.spooled();
  }

  /** The link of a pod on the host. */
  linkOf(sandbox: Sandbox): string {
    return hostLinkName(idOf(sandbox));
  }
}

/** The addresses, or the error. */
function wordsOf({ exitCode, stdout }: ReplyFrame): string {
  if (exitCode !== 0) return stdout;
  return stdout === '' ? 'done' : `done, ${toldBy(stdout).addresses}`;
}
