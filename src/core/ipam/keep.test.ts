import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, address } from '../../base/ip.ts';
import { type AttachmentRecord, attachmentWords, keeperId, nobody } from '../attachment.ts';
import { emptyMemory, remember } from '../memory/fold.ts';
import type { Memory } from '../memory/record.ts';
import { adopt } from './adopt.ts';
import type { PoolEffect } from './event.ts';
import { brokenLaw } from './invariants.ts';
import { claimOf, holderOf } from './pool.ts';
import { blockOf } from './slots.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { COOLDOWN, Driver, id, PATIENCE, rangeOf } from './testing/driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const web0 = keeperId({ namespace: 'db', name: 'web-0' });
const web1 = keeperId({ namespace: 'db', name: 'web-1' });
const range = rangeOf('10.0.0.0/29', [], '10.0.0.1'); // .2 to .6

function pool() {
  return new Driver([range]);
}

/** An ADD of a pod whose address stays its own: what it gets, or why not. */
function add(it: Driver, container: string, keeper = web0): Address | string {
  const until = it.now + PATIENCE;
  const effects = it.run({ kind: 'claim', by: id(container), families: ['v4'], wanted: [], until, keeper });
  const [refused] = effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.refusal.why] : []));
  return refused ?? claimOf(it.pool, id(container))?.[0] ?? 'waits';
}

test('A90: what a pod of the name had, the next one has, at once and whatever is free besides', () => {
  const it = pool();
  const first = add(it, 'a');
  it.release('a');
  expect(holderOf(it.pool, address(first))).toBe(web0);
  it.claim('other');
  expect(add(it, 'b')).toBe(first);
});

test('U36: nobody else is given it while the pod is away, however short addresses are', () => {
  const it = pool();
  const first = add(it, 'a');
  it.release('a');
  for (const name of ['p', 'q', 'r', 's']) it.claim(name);
  expect(it.claim('t')).toEqual(['refuse t exhausted']);
  it.after(COOLDOWN * 10);
  expect(it.claim('t', { wanted: [first] })).toEqual(['refuse t address-taken']);
});

test('an address is never on two pods of the name: the second waits for the DEL of the first', () => {
  const it = pool();
  add(it, 'a');
  expect(add(it, 'b')).toBe('address-taken');
  it.release('a');
  expect(add(it, 'b')).not.toBe('address-taken');
});

test('a failed ADD that never used it leaves it with the name', () => {
  const it = pool();
  const first = add(it, 'a');
  it.release('a', false);
  expect(add(it, 'b')).toBe(first);
});

test('once the name gives it back it cools and is as any other', () => {
  const it = pool();
  const first = add(it, 'a');
  it.release('a');
  it.run({ kind: 'release', by: web0, used: true });
  expect(it.claim('b', { wanted: [first], patience: 1_000 })).toEqual(['refuse b address-cooling']);
  it.after(COOLDOWN);
  expect(it.claim('b', { wanted: [first] })).toEqual([`persist b+${first}`, `grant b ${first}`]);
});

test('what is not on this node yet is kept, and not given before it is', () => {
  const it = pool();
  it.run({ kind: 'keep', keeper: web0, addresses: [address('10.0.9.10')] });
  expect(add(it, 'a')).toBe('static-waits');
  it.ranges([range, rangeOf('10.0.9.8/29')]);
  expect(add(it, 'a')).toBe('10.0.9.10');
});

test('what a pod has, or was promised, nobody can keep', () => {
  const it = pool();
  const first = add(it, 'a');
  it.run({ kind: 'keep', keeper: web1, addresses: [address(first)] });
  expect(holderOf(it.pool, address(first))).toBe(id('a'));
  expect(it.pool.claims.has(web1)).toBe(false);
});

test('who keeps an address is said in words', () => {
  expect(attachmentWords(web0)).toBe('the static address of db/web-0');
  expect(attachmentWords(keeperId(nobody('10.0.0.7')))).toBe('nobody: it is to leave this node');
});

/** What the journal would hold after these effects. */
function remembered(memory: Memory, effects: readonly PoolEffect[], keepers: ReadonlyMap<string, typeof web0>): Memory {
  let next = memory;
  for (const effect of effects) {
    if (effect.kind !== 'persist') continue;
    for (const { by, addresses } of effect.kept ?? []) next = remember(next, { kind: 'kept', by, addresses });
    for (const { by, addresses, freeAt } of effect.released)
      next = remember(next, { kind: 'release', id: by, addresses, freeAt });
    for (const { by, addresses } of effect.claims) {
      const keeper = keepers.get(by);
      const attachment = { id: by, addresses, since: 1, ...(keeper && { keeper }) } as AttachmentRecord;
      next = remember(next, { kind: 'claim', attachment });
    }
  }
  return next;
}

const deed = fc.tuple(fc.constantFrom('add', 'plain', 'del', 'failed', 'give', 'keep', 'boot'), fc.nat(5), fc.nat(2));

test('whatever happens, over every restart: an address is with one name or one pod, and a name keeps what it had', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const it = pool();
      let memory = emptyMemory;
      const keepers = new Map<string, typeof web0>();
      const had = new Map<string, Address>();
      for (const [what, n, k] of deeds) {
        const keeper = keeperId({ namespace: 'db', name: `web-${k}` });
        const by = id(`c${n}`);
        const until = it.now + PATIENCE;
        it.now += 100;
        if (what === 'add' && !it.pool.claims.has(by)) {
          keepers.set(by, keeper);
          const effects = it.run({ kind: 'claim', by, families: ['v4'], wanted: [], until, keeper });
          memory = remembered(memory, effects, keepers);
          const [got] = claimOf(it.pool, by) ?? [];
          if (got !== undefined && had.has(keeper)) expect(got).toBe(had.get(keeper));
          if (got !== undefined) had.set(keeper, got);
        } else if (what === 'plain' && !it.pool.claims.has(by)) {
          keepers.delete(by);
          const effects = it.run({ kind: 'claim', by, families: ['v4'], wanted: [], until: it.now + 1 });
          memory = remembered(memory, effects, keepers);
          for (const got of claimOf(it.pool, by) ?? []) expect([...had.values()]).not.toContain(got);
        } else if (what === 'del' || what === 'failed') {
          memory = remembered(memory, it.run({ kind: 'release', by, used: what === 'del' }), keepers);
        } else if (what === 'give' && it.pool.claims.has(keeper)) {
          memory = remembered(memory, it.run({ kind: 'release', by: keeper, used: true }), keepers);
          had.delete(keeper);
        } else if (what === 'boot') {
          const policy = it.pool.policy;
          it.pool = adopt(memory, { policy, ranges: [range] }, it.now).pool;
          expect(brokenLaw(it.pool)).toBeUndefined();
        }
        for (const [name, kept] of had)
          expect([name, [...it.pool.keepers].find(([, of]) => of === name)?.[0]]).toContain(holderOf(it.pool, kept));
      }
    }),
    { numRuns: 500 },
  );
});

test('an address that was brought is served; kept, it is never given back; sent away, it is no loss, and not given', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6) }).start();
  const [nic, moved] = [it.nic(0), address('10.0.0.200')];
  it.feed({ kind: 'keep', keeper: web0, addresses: [moved] });
  it.cloud.bring(nic, moved);
  it.feed({ kind: 'brought', nic, address: moved });
  const until = it.now + PATIENCE;
  const asked = { kind: 'claim', families: ['v4'], wanted: [], until, keeper: web0 } as const;
  it.feed({ ...asked, by: id('a') });
  expect(claimOf(it.pool, id('a'))).toEqual([moved]);
  it.feed({ kind: 'release', by: id('a'), used: true });
  it.passes(1_000_000);
  expect([it.cloud.holds(moved), holderOf(it.pool, moved)]).toEqual([true, web0]);
  it.cloud.takeBack(nic, moved);
  it.feed({ kind: 'sentAway', nic, what: moved });
  it.feed({ kind: 'release', by: web0, used: true });
  it.passes(1_000_000);
  expect([blockOf(it.pool, moved), it.log.filter((line) => / (lost|found) /.test(line))]).toEqual([undefined, []]);
});

test('of a node that has prefixes a static pod has a single address: nothing else can move', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6, true) }, { unit: 'prefix' }).start();
  it.add('plain');
  const single = address('10.0.0.200');
  it.cloud.bring(it.nic(0), single);
  it.feed({ kind: 'brought', nic: it.nic(0), address: single });
  const until = it.now + PATIENCE;
  it.feed({ kind: 'claim', by: id('a'), families: ['v4'], wanted: [], until, keeper: web0 });
  expect(claimOf(it.pool, id('a'))).toEqual([single]);
});

test('a prefix in which a name’s address lies gives nothing, and does again when the name is forgotten', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6, true) }, { unit: 'prefix' }).start();
  it.add('plain');
  const [used] = claimOf(it.pool, id('plain')) ?? [];
  const neighbour = address(String(used).replace(/\d+$/, (last) => `${Number(last) ^ 1}`));
  it.feed({ kind: 'keep', keeper: web0, addresses: [neighbour] });
  expect([blockOf(it.pool, neighbour), holderOf(it.pool, neighbour)]).toEqual([undefined, web0]);
  expect(claimOf(it.pool, id('plain'))).toEqual([used]); // who was there stays
  it.add('more');
  it.passes(5_000);
  const [other] = claimOf(it.pool, id('more')) ?? [];
  expect([other !== undefined, blockOf(it.pool, other ?? neighbour) !== undefined]).toEqual([true, true]);
  it.feed({ kind: 'release', by: web0, used: true });
  expect(blockOf(it.pool, neighbour)).toBeDefined();
});
