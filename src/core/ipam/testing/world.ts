import { type Address, address, type Family, familyOf, prefix } from '../../../base/ip.ts';
import { type Random, seeded } from '../../../base/random.ts';
import { type AttachmentId, attachmentId, attachmentName } from '../../attachment.ts';
import { emptyMemory, remember, snapshot } from '../../memory/fold.ts';
import type { Memory, MemoryRecord } from '../../memory/record.ts';
import { adopt } from '../adopt.ts';
import type { PoolEffect, PoolEvent, Range } from '../event.ts';
import { brokenLaw } from '../invariants.ts';
import { nextTick, type Pool } from '../pool.ts';
import { type Stepped, step } from '../step.ts';
import { type Add, judgeAgreement, judgeExhausted, judgeGrant, type Outside, same } from './judges.ts';

// A node on which pods come and go, the agent crashes and the machine reboots. It is judged from outside: by what
// runtimes were told.

const COOLDOWN = 30_000;
const POLICY = { cooldownMs: COOLDOWN, waitingLimit: 8 };
const LATE_MS = 50; //      a timer, mostly
const STALLED_MS = 40_000; // and sometimes: the machine was suspended

/** The real thing, or one with a bug planted. */
export interface House {
  readonly step: typeof step;
  readonly adopt: typeof adopt;
}

const A = { prefix: prefix('10.0.0.0/28'), reserved: [address('10.0.0.9')] }; // .2 to .14 without .9
const B = { prefix: prefix('10.0.1.0/29'), reserved: [] };
const S = { prefix: prefix('fd00::/124'), reserved: [] };
const SETS: readonly (readonly Range[])[] = [[A, S], [A, B, S], [A], [B, S]];
const USABLE = new Map<Range, readonly Address[]>([
  [A, [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14].map((last) => address(`10.0.0.${last}`))],
  [B, [2, 3, 4, 5, 6].map((last) => address(`10.0.1.${last}`))],
  [S, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((last) => address(`fd00::${last.toString(16)}`))],
]);

/** One node with everything that happens to it. */
export class World implements Outside {
  readonly house: House;
  readonly random: Random;
  ranges: readonly Range[];
  pool: Pool;
  memory: Memory = remember(emptyMemory, { kind: 'boot', bootId: 'boot 0' });
  now = 1_000_000;
  serial = 0;
  readonly open = new Map<AttachmentId, Add>();
  readonly told = new Map<AttachmentId, readonly Address[]>();
  readonly unheard = new Set<AttachmentId>();
  readonly gone = new Set<AttachmentId>();
  readonly busyUntil = new Map<Address, number>();
  readonly seen = { grants: 0, refusals: 0, waits: 0, crashes: 0, reboots: 0 };
  readonly trace: string[] = [];

  constructor(seed: number, house: House) {
    this.house = house;
    this.random = seeded(seed);
    this.ranges = this.pick(SETS);
    this.pool = this.adopted();
  }

  private adopted(): Pool {
    return this.house.adopt(this.memory, { policy: POLICY, ranges: this.ranges }, this.now).pool;
  }

  pick<T>(from: readonly T[]): T {
    const it = from[Math.floor(this.random.fraction() * from.length)];
    if (it === undefined) throw new Error('nothing to pick from');
    return it;
  }

  must(holds: boolean, law: string): void {
    if (!holds) throw new Error(`${law}\n${this.trace.slice(-6).join('\n')}`);
  }

  /** One event; with `crash` the agent dies somewhere between its effects. */
  feed(event: PoolEvent, crash = false): void {
    const stepped: Stepped = this.house.step(this.pool, event, this.now);
    this.trace.push(`${this.now} ${JSON.stringify(event)} -> ${stepped.effects.map(({ kind }) => kind).join(', ')}`);
    const dies = crash ? Math.floor(this.random.fraction() * (stepped.effects.length + 1)) : -1;
    this.pool = stepped.pool;
    const broken = brokenLaw(this.pool);
    this.must(broken === undefined, `law: ${broken}`);
    for (const [i, effect] of stepped.effects.entries()) {
      if (i === dies) break;
      this.does(effect);
    }
    if (crash) this.crash();
    for (const [id, { until }] of this.open) this.must(this.now < until, `${id} was never answered`);
  }

  private does(effect: PoolEffect): void {
    if (effect.kind === 'persist') {
      for (const { by, addresses, freeAt } of effect.released) {
        this.memory = remember(this.memory, { kind: 'release', id: by, addresses, freeAt });
        this.gone.delete(by);
      }
      for (const { by, addresses } of effect.claims)
        this.memory = remember(this.memory, this.claimRecord(by, addresses));
      for (const { by } of effect.claims) this.unheard.add(by);
    } else if (effect.kind === 'grant') this.hearsGrant(effect.to, effect.addresses);
    else if (effect.kind === 'refuse') {
      this.must(
        this.open.has(effect.to) || this.gone.has(effect.to),
        `${effect.to} was refused what it did not ask for`,
      );
      const add = this.open.get(effect.to);
      if (add !== undefined && effect.refusal.why === 'exhausted')
        judgeExhausted(this, effect.to, add, effect.refusal.family);
      this.open.delete(effect.to);
      this.seen.refusals++;
    }
  }

  private claimRecord(id: AttachmentId, addresses: readonly Address[]): MemoryRecord {
    const name = attachmentName(id);
    return {
      kind: 'claim',
      attachment: { id, name, netns: '', addresses, ports: [], ordinal: 0, plan: [], result: '', since: this.now },
    };
  }

  private hearsGrant(id: AttachmentId, addresses: readonly Address[]): void {
    this.must(same(this.memory.attachments.get(id)?.addresses, addresses), `${id} was granted what is not on record`);
    const before = this.told.get(id);
    const add = this.open.get(id);
    this.must(before === undefined || same(before, addresses), `${id} was told two things`);
    this.must(before !== undefined || add !== undefined, `${id} was granted what it did not ask for`);
    if (before === undefined && add !== undefined) judgeGrant(this, id, add, addresses);
    this.open.delete(id);
    this.unheard.delete(id);
    this.told.set(id, addresses);
    this.seen.grants++;
  }

  usable(family: Family): readonly Address[] {
    const mine = this.ranges.filter((range) => familyOf(range.prefix) === family);
    return mine.flatMap((range) => USABLE.get(range) ?? []);
  }

  add(crash: boolean): void {
    const id = attachmentId({ network: 'berth', containerId: `c${this.serial++}`, ifname: 'eth0' });
    const families = this.pick<readonly Family[]>([['v4'], ['v4'], ['v4', 'v6'], ['v6']]);
    const patience = this.pick([500, 10_000, 25_000, 40_000, 60_000]);
    const wishes = families.flatMap((family) => this.usable(family));
    const wanted = this.random.fraction() < 0.1 && wishes.length > 0 ? [this.pick(wishes)] : [];
    const add = { families, wanted, at: this.now, until: this.now + patience };
    this.open.set(id, add);
    this.feed({ kind: 'claim', by: id, families, wanted, until: add.until }, crash);
    if (this.open.has(id)) this.seen.waits++;
  }

  /** The sandbox is taken down: its addresses have been seen by others until now. */
  remove(id: AttachmentId, used: boolean, crash: boolean): void {
    const addresses = this.told.get(id) ?? this.memory.attachments.get(id)?.addresses ?? [];
    if (used) for (const it of addresses) this.busyUntil.set(it, this.now + COOLDOWN);
    this.told.delete(id);
    this.unheard.delete(id);
    this.gone.add(id);
    this.feed({ kind: 'release', by: id, used }, crash);
    if (crash) return;
    this.must(!this.open.has(id), `${id} still waits for its ADD after its DEL`);
    this.must(!this.memory.attachments.has(id), `${id} is still on record after its DEL`);
    this.gone.delete(id);
  }

  crash(): void {
    this.seen.crashes++;
    for (const id of this.open.keys()) this.gone.add(id); // the runtime gives up and cleans up
    this.open.clear();
    this.memory = snapshot(this.memory).reduce(remember, emptyMemory);
    this.pool = this.adopted();
  }

  reboot(): void {
    this.seen.reboots++;
    // Whoever held an address died with the machine, and a DEL on its way with it: such addresses are free at once.
    for (const { addresses } of this.memory.attachments.values()) for (const it of addresses) this.busyUntil.delete(it);
    this.memory = remember(this.memory, { kind: 'boot', bootId: `boot ${this.seen.reboots}` });
    this.told.clear();
    this.unheard.clear();
    this.gone.clear();
    this.open.clear();
    this.pool = this.adopted();
  }

  /** Time passes; the agent's timer ticks when the pool wants it, a little late. */
  passes(ms: number): void {
    const end = this.now + ms;
    for (let at = nextTick(this.pool); at !== undefined && at < end; at = nextTick(this.pool)) {
      const late = this.random.fraction() < 0.03 ? STALLED_MS : LATE_MS;
      this.now = Math.max(this.now, at) + Math.floor(this.random.fraction() * late);
      this.feed({ kind: 'tick' });
    }
    this.now = Math.max(this.now, end);
  }

  act(): void {
    const crash = this.random.fraction() < 0.02;
    const dice = this.random.fraction();
    const [late] = this.gone;
    const [lost] = this.unheard;
    if (dice < 0.45) this.add(crash);
    else if (dice < 0.75 && this.told.size > 0)
      this.remove(this.pick([...this.told.keys()]), this.random.fraction() < 0.85, crash);
    else if (dice < 0.78 && this.open.size > 0) this.remove(this.pick([...this.open.keys()]), false, crash);
    else if (dice < 0.81 && this.told.size > 0) this.again(this.pick([...this.told.keys()]));
    else if (dice < 0.88 && late !== undefined) this.remove(late, true, crash);
    else if (dice < 0.92 && lost !== undefined) this.remove(lost, true, crash);
    else if (dice < 0.93) this.changeRanges(this.pick(SETS), crash);
    else if (dice < 0.932) this.reboot();
    else this.feed({ kind: 'tick' }, crash);
  }

  again(id: AttachmentId): void {
    const writes = this.memory;
    this.feed({ kind: 'claim', by: id, families: ['v4'], wanted: [], until: this.now + 1_000 });
    this.must(this.memory === writes, 'a repeated claim was written');
  }

  changeRanges(ranges: readonly Range[], crash: boolean): void {
    this.ranges = ranges;
    this.feed({ kind: 'ranges', ranges }, crash);
  }

  /** Everybody leaves: nothing may be left, and everything must be given again. */
  rest(): void {
    for (const id of [...this.open.keys(), ...this.told.keys(), ...this.gone, ...this.unheard])
      this.remove(id, true, false);
    this.changeRanges(SETS[1] ?? [], false);
    this.passes(COOLDOWN + 1);
    this.must(
      this.pool.claims.size + this.pool.waiting.length + this.memory.attachments.size === 0,
      'somebody is left at rest',
    );
    for (const family of ['v4', 'v6'] as const) for (const it of this.usable(family)) this.addAtRest(family, it);
  }

  private addAtRest(family: Family, wanted: Address): void {
    const id = attachmentId({ network: 'rest', containerId: wanted.replaceAll(':', '-'), ifname: 'eth0' });
    this.open.set(id, { families: [family], wanted: [], at: this.now, until: this.now + 1 });
    this.feed({ kind: 'claim', by: id, families: [family], wanted: [], until: this.now + 1 });
    this.must(this.told.has(id), `an address is lost: of ${this.usable(family).length}, ${this.told.size} were given`);
  }
}

/** One run: the same seed and house give the same run. Throws what promise was broken, with the last events. */
export function simulate(seed: number, house: House = { step, adopt }, acts = 90): World {
  const world = new World(seed, house);
  for (let i = 0; i < acts; i++) {
    world.passes(Math.floor(world.random.fraction() ** 2 * 4_000) + 1);
    world.act();
    judgeAgreement(world);
  }
  world.rest();
  return world;
}
