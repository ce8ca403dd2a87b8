import type { AttachmentId, AttachmentRecord } from '../src/core/attachment.ts';
import { brokenLaw } from '../src/core/ipam/invariants.ts';
import type { Pool } from '../src/core/ipam/pool.ts';
import type { KnownIntent } from '../src/core/memory/record.ts';
import type { Plan } from '../src/core/datapath/plan.ts';
import { type Agent, startAgent } from '../src/apps/node-agent/agent.ts';
import type { KubeDoors } from '../src/apps/node-agent/cluster-runner.ts';
import { type AgentDoors, countNothing } from '../src/apps/node-agent/doors.ts';
import type { AgentConfig } from '../src/io/config/agent-config.ts';
import { FakeKernel } from '../src/io/kernel/fake-kernel.ts';
import type { Disk } from '../src/io/store/disk.ts';
import type { NicProvider } from '../src/io/cloud/provider.ts';
import type { Journal, Recovery } from '../src/io/store/journal.ts';
import { openJournal } from '../src/io/store/open-journal.ts';
import type { CallFrame, ReplyFrame } from '../src/wire/agent/frame.ts';
import type { Law } from './checkers.ts';
import type { Faults } from './faults.ts';
import type { Machine } from './machine.ts';
import type { Plant } from './plant.ts';
import type { DiskTouch } from './sim-disk.ts';
import type { Setting } from './setting.ts';
import { SimClock } from './time.ts';

/** A place where the process can be stopped: before this is done. */
export type Point = { readonly what: string; readonly tear?: DiskTouch & { readonly verb: 'write' } };

/** Who decides what happens at the places where a process can be stopped. */
export interface Fate {
  /** Called at each such place. True: the process ends here. */
  ends(point: Point): boolean;
  /** Awaited where others can overtake. Nobody can = undefined. */
  pause(): Promise<void> | undefined;
  /** A record was broken on the disk: what it undid may seem to stand. */
  readonly rotten: boolean;
  readonly faults: Faults;
  readonly plant: Plant;
  readonly doors: FarDoors;
  /** A line for the story. */
  tell(line: () => string): void;
  /** Something that must never happen, seen from within. */
  blame(law: Law, detail: string): void;
}

/** What a process has to do with others. */
export interface FarDoors {
  /** Opens the cloud that the node is on; absent: on none. */
  readonly provider?: ((door: LifeDoor, kube: KubeDoors | undefined) => NicProvider) | undefined;
  /** Opens the cluster that the node is of; absent: of none. */
  readonly kube?: ((door: LifeDoor) => KubeDoors) | undefined;
  /** What the agent said to its log. */
  readonly heard?: ((event: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
}

/** What a process hands to whoever opens its cloud. */
export interface LifeDoor {
  readonly clock: SimClock;
  readonly memory: Journal['memory'];
  readonly pause: (what: string) => Promise<void> | undefined;
}

/** Thrown through a process that has ended, wherever it was. */
export class Stopped extends Error {
  constructor() {
    super('the process has ended');
    this.name = 'Stopped';
  }
}

/** What a process that has ended leaves unfinished is nobody's: from now on that is no defect. Of a thread, once. */
export function leaveUnfinished(): void {
  process.on('unhandledRejection', (reason) => {
    if (!(reason instanceof Stopped)) throw reason;
  });
}

/** What the journal held when this process opened it, before anything else was done. */
export interface Remembered {
  readonly sameBoot: boolean;
  readonly attachments: ReadonlyMap<AttachmentId, AttachmentRecord>;
  readonly recovery: Recovery;
}

/**
 * One life of the agent's process on a machine. When it ends, whatever it was doing is abandoned: its promises never
 * resolve.
 */
export class Life {
  readonly #machine: Machine;
  readonly #config: AgentConfig;
  readonly #fileBytes: number;
  readonly #fate: Fate;
  readonly clock: SimClock;
  readonly #kernel: FakeKernel;
  readonly #ears = new Set<() => void>();
  #agent: Agent | undefined;
  #ended = false;
  remembered: Remembered | undefined;

  constructor(machine: Machine, { config, fileBytes }: Pick<Setting, 'config' | 'fileBytes'>, fate: Fate) {
    this.#machine = machine;
    this.#config = config;
    this.#fileBytes = fileBytes;
    this.#fate = fate;
    this.clock = new SimClock(machine.time);
    this.#kernel = new FakeKernel(machine.world);
    this.#kernel.pause = () => this.#pause({ what: 'kernel' });
    this.#kernel.failOn = (item, verb) => fate.faults.kernel(item, verb);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether it serves. */
  get up(): boolean {
    return !this.#ended && this.#agent !== undefined;
  }

  /** Starts as main does. Throws what keeps the agent from starting. */
  async start(): Promise<void> {
    const { plant } = this.#fate;
    const raw = this.#machine.disk.open({
      now: (what) => this.#at(pointOf(what), () => this.#fate.faults.disk(what)),
      later: (what) => this.#later(what),
    });
    const disk: Disk = plant.disk?.(raw, this.clock) ?? raw;
    const { journal, recovery } = openJournal({
      disk,
      clock: this.clock,
      fileBytes: this.#fileBytes,
    });
    const { bootId, attachments } = journal.memory();
    this.remembered = { sameBoot: bootId === this.#machine.bootId, attachments: new Map(attachments), recovery };
    for (const said of recovery.said) this.#fate.tell(() => `agent  recovered: ${said}`);
    const spool = this.#machine.spool.open(
      (what) => this.#at({ what: `spool ${what}` }, () => this.#fate.faults.spool(what)),
      this.#ears,
    );
    const pause = (what: string) => this.#pause({ what });
    const door: LifeDoor = { clock: this.clock, memory: () => journal.memory(), pause };
    const kube = this.#fate.doors.kube?.(door);
    const provider = this.#fate.doors.provider?.(door, kube);
    const doors: AgentDoors = {
      ...(kube === undefined ? {} : { kube }),
      ...(provider === undefined ? {} : { provider }),
      kernel: this.#kernel,
      journal,
      recovery,
      spool,
      clock: this.clock,
      log: this.#logger(),
      meter: countNothing,
      bootId: this.#machine.bootId,
      config: this.#configNow(),
    };
    this.#agent = await startAgent(plant.doors?.(doors) ?? doors);
  }

  /** One call of the CNI executable; never answered when the process ends first. */
  async call(frame: CallFrame): Promise<ReplyFrame> {
    if (this.#agent === undefined) throw new Error('sim: called before it serves');
    const reply = await this.#agent.handle(this.#fate.plant.call?.(frame) ?? frame);
    await this.#pause({ what: 'reply' });
    return reply;
  }

  /** Takes on what the file says now. Throws what cannot be applied. */
  async reconfigure(): Promise<void> {
    await this.#agent?.reconfigure(this.#configNow());
  }

  /** A file came into the spool's directory. */
  spooled(): void {
    for (const ear of this.#ears) ear();
  }

  /** The kernel of this process, for hands from outside. */
  get kernel(): FakeKernel {
    return this.#kernel;
  }

  /** What the agent believes: to compare with what is. */
  belief(): {
    readonly attachments: readonly AttachmentRecord[];
    readonly nodePlan: Plan;
    readonly broken: string | undefined;
    readonly pool: Pool | undefined;
  } {
    const { attachments, node, pool } = this.#agent?.parts ?? {};
    const broken = pool === undefined ? undefined : brokenLaw(pool.pool);
    return { attachments: attachments?.all() ?? [], nodePlan: node?.plan ?? [], broken, pool: pool?.pool };
  }

  /** What it has on record of what it asked of a cloud. */
  intents(): Iterable<KnownIntent> {
    return this.#agent?.parts.doors.journal.memory().intents.values() ?? [];
  }

  /** kill -9. */
  end(): void {
    this.#ended = true;
    this.#kernel.kill();
    this.#ears.clear();
  }

  #configNow(): AgentConfig {
    const config = { ...this.#config, network: { ...this.#config.network, ...this.#machine.edit } };
    return this.#fate.plant.config?.(config) ?? config;
  }

  #at(point: Point, fault: () => Error | undefined = () => undefined): void {
    if (this.#ended) throw new Stopped();
    if (this.#fate.ends(point)) {
      this.end();
      throw new Stopped();
    }
    const refused = fault();
    if (refused !== undefined) throw refused;
  }

  #pause(point: Point): Promise<void> | undefined {
    if (!this.#ended && this.#fate.ends(point)) this.end();
    if (this.#ended) return new Promise<never>(() => {});
    return this.#fate.pause()?.then(() => (this.#ended ? new Promise<never>(() => {}) : undefined));
  }

  async #later(what: DiskTouch): Promise<void> {
    if (this.#ended) throw new Stopped();
    const { slowMs } = this.#fate.faults;
    if (slowMs > 0) await new Promise<void>((done) => this.clock.timer(slowMs, done));
    await this.#pause(pointOf(what));
    const refused = this.#fate.faults.disk(what);
    await this.#pause(pointOf(what));
    if (refused !== undefined) throw refused;
  }

  #logger(): AgentDoors['log'] {
    const line =
      (level: string) =>
      (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
        if (this.#ended) return;
        this.#fate.tell(() => `agent  ${level} ${event} ${words(fields)}`);
        this.#fate.doors.heard?.(event, fields);
        if (event === 'defect') this.#fate.blame('defect', words(fields));
        // where the record of a release or a boot is broken, what it ended is still on record: the later claim holds
        if (event === 'two records of one address' && !this.#fate.rotten) this.#fate.blame('two', words(fields));
      };
    return { error: line('error'), warn: line('warn'), info: line('info'), debug: () => {} };
  }
}

function pointOf(what: DiskTouch): Point {
  const words = `disk ${what.verb} ${what.name}`.trimEnd();
  return what.verb === 'write' ? { what: words, tear: what } : { what: words };
}

/** Fields of a line of a log. */
export function words(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value instanceof Error ? describe(value) : String(value)}`)
    .join(' ');
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.name}: ${error.message}${cause}`;
}
