import { type Address, type Family, familyOf } from '../../../base/ip.ts';
import type { AttachmentId } from '../../attachment.ts';
import type { Memory } from '../../memory/record.ts';
import { claimOf, type Pool } from '../pool.ts';

/** What a runtime asked for, and until when it waits. */
export interface Add {
  readonly families: readonly Family[];
  readonly wanted: readonly Address[];
  readonly at: number;
  readonly until: number;
}

/** What is seen of an agent from outside. */
export interface Outside {
  readonly now: number;
  readonly pool: Pool;
  readonly memory: Memory;
  readonly open: ReadonlyMap<AttachmentId, Add>; //                ADDs that wait for an answer, oldest first
  readonly told: ReadonlyMap<AttachmentId, readonly Address[]>; // what runtimes know
  readonly unheard: ReadonlySet<AttachmentId>; //                  answers lost in a crash: the runtime will send a DEL
  readonly gone: ReadonlySet<AttachmentId>; //                     DELs to send again: the agent died over them
  readonly busyUntil: ReadonlyMap<Address, number>; //             when others have forgotten the last pod of an address
  usable(family: Family): readonly Address[];
  /** Throws with the law and the last events unless it holds. */
  must(holds: boolean, law: string): void;
}

/** Whoever is granted addresses was due, asked for such ones, and nobody else has them or had them lately. */
export function judgeGrant(world: Outside, id: AttachmentId, add: Add, addresses: readonly Address[]): void {
  world.must(world.now < add.until, `${id} was granted too late`);
  world.must(same(addresses.map(familyOf), add.families), `${id} was not given one address of each family`);
  world.must(
    add.wanted.every((it) => addresses.includes(it)),
    `${id} was not given what it wanted`,
  );
  for (const it of addresses) {
    world.must(world.usable(familyOf(it)).includes(it), `${it} is not to be given`);
    world.must((world.busyUntil.get(it) ?? 0) <= world.now, `${it} was given while it cools`);
    for (const [other, held] of world.told)
      world.must(!held.includes(it), `${it} was given to ${id}, and ${other} has it`);
  }
  for (const [other, { families, wanted, until, at }] of world.open) {
    if (other === id) break;
    const passedOver = same(families, add.families) && wanted.length === 0 && until > world.now && at < add.at;
    world.must(!passedOver || add.wanted.length > 0, `${id} was served before ${other}, who came first`);
  }
}

/** Refused for want of addresses: then fewer come free in time than are waited for. */
export function judgeExhausted(world: Outside, id: AttachmentId, { until }: Add, family: Family): void {
  const held = new Set([...world.memory.attachments.values()].flatMap(({ addresses }) => addresses));
  const inTime = world.usable(family).filter((it) => !held.has(it) && (world.busyUntil.get(it) ?? 0) < until);
  const ahead = [...world.open].filter(([other, add]) => other !== id && add.families.includes(family));
  world.must(
    inTime.length <= ahead.length,
    `${id} was refused although ${inTime} come free for ${ahead.length} who wait`,
  );
}

/** What runtimes were told and what the pool holds are the same. */
export function judgeAgreement(world: Outside): void {
  for (const [id, addresses] of world.told) {
    world.must(
      same(claimOf(world.pool, id), addresses),
      `${id} was told ${addresses} and holds ${claimOf(world.pool, id)}`,
    );
  }
  for (const id of world.pool.claims.keys())
    world.must(world.told.has(id) || world.unheard.has(id) || world.gone.has(id), `${id} holds what nobody knows of`);
}

/** Whether two lists hold the same, in the same order. */
export function same<T>(a: readonly T[] | undefined, b: readonly T[]): boolean {
  return a !== undefined && a.length === b.length && a.every((it, i) => it === b[i]);
}
