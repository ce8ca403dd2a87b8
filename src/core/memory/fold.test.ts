import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, address, addressOfNumber, prefix } from '../../base/ip.ts';
import { localMac } from '../../base/mac.ts';
import { type AttachmentId, type AttachmentRecord, attachmentId, keeperId } from '../attachment.ts';
import type { Plan } from '../datapath/plan.ts';
import type { Learnt } from '../cluster/learnt.ts';
import type { Intent, NicId, NicReport, Token } from '../ipam/nic.ts';
import { afterBoot, emptyMemory, forget, remember, snapshot } from './fold.ts';
import type { Memory, MemoryRecord } from './record.ts';

const a = address('10.0.0.5');
const b = address('10.0.0.6');
const plan: Plan = [{ kind: 'up', on: { netns: 'pod', name: 'lo' } }];

function attachment(container: string, addresses: readonly Address[], since = 1_000): AttachmentRecord {
  const name = { network: 'berth', containerId: container, ifname: 'eth0' };
  const id = attachmentId(name);
  return { id, name, netns: `/run/netns/${container}`, addresses, ports: [], ordinal: 0, plan, result: '{}', since };
}

function nic(name: string): NicReport {
  const [range, own] = [prefix('10.0.0.0/20'), address('10.0.0.4')];
  const place = { device: 0, card: 0, subnet: 'subnet-a', subnetRange: range, gateway: address('10.0.0.1') };
  const holds = { groups: [], primary: [own], addresses: [a], prefixes: [] };
  return { id: name as NicId, mac: localMac(1n), ...place, ...holds, kind: 'interface', managed: true };
}

const learnt: Learnt = {
  ranges: [prefix('10.244.1.0/24')],
  peers: [{ name: 'n2', addresses: [address('192.0.2.2')], ranges: [prefix('10.244.2.0/24')] }],
  cluster: [],
};

function fold(records: readonly MemoryRecord[]): Memory {
  return records.reduce(remember, emptyMemory);
}

/** The memory as plain values: two memories are the same when these are. */
function plain(memory: Memory) {
  const { attachments, kept, released, intents } = memory;
  const lists = { attachments: [...attachments], kept: [...kept], released: [...released], intents: [...intents] };
  return { ...memory, ...lists };
}

const claim = (container: string, addresses: readonly Address[], since?: number): MemoryRecord => ({
  kind: 'claim',
  attachment: attachment(container, addresses, since),
});
const release = (container: string, addresses: readonly Address[], freeAt: number): MemoryRecord => ({
  kind: 'release',
  id: attachment(container, []).id,
  addresses,
  freeAt,
});

test('a claim is remembered until it is released, and then only when its addresses are free', () => {
  const held = fold([claim('c1', [a, b])]);
  expect([...held.attachments.values()]).toEqual([attachment('c1', [a, b])]);
  expect(held.released.size).toBe(0);
  const given = remember(held, release('c1', [a, b], 31_000));
  expect(given.attachments.size).toBe(0);
  expect([...given.released]).toEqual([
    [a, 31_000],
    [b, 31_000],
  ]);
});

test('the same claim again replaces the first: one attachment, the newest plan', () => {
  const again = { ...attachment('c1', [a]), result: '{"second":true}' };
  const memory = fold([claim('c1', [a]), { kind: 'claim', attachment: again }]);
  expect([...memory.attachments.values()]).toEqual([again]);
});

const web0 = keeperId({ namespace: 'db', name: 'web-0' });

/** A claim of a pod whose address stays its name's. */
function keptClaim(container: string): MemoryRecord {
  return { kind: 'claim', attachment: { ...attachment(container, [a]), keeper: web0 } };
}

test('A90: what a name keeps is remembered while no pod of it has it, over a reboot as well', () => {
  const away = fold([keptClaim('c1'), { kind: 'kept', by: web0, addresses: [a] }, release('c1', [], 0)]);
  expect([[...away.kept], away.attachments.size]).toEqual([[[web0, [a]]], 0]);
  expect([...remember(away, keptClaim('c2')).kept]).toEqual([]);
  const held = fold([{ kind: 'boot', bootId: 'b1' }, keptClaim('c1')]);
  expect([...remember(held, { kind: 'boot', bootId: 'b2' }).kept]).toEqual([[web0, [a]]]);
  expect([...remember(away, { kind: 'release', id: web0, addresses: [a], freeAt: 9 }).kept]).toEqual([]);
});

test('an address that is claimed again no longer counts as given back', () => {
  expect(fold([claim('c1', [a]), release('c1', [a], 31_000), claim('c2', [a])]).released.size).toBe(0);
});

test('an address that never reached the wire is fresh again', () => {
  expect(fold([release('c0', [a], 500), claim('c1', [a]), release('c1', [a], 0)]).released.size).toBe(0);
});

test('releasing what nobody holds harms nobody', () => {
  const held = fold([claim('c1', [a])]);
  expect(plain(remember(held, release('c2', [], 0)))).toEqual(plain(held));
});

test('the last node plan counts', () => {
  expect(
    fold([
      { kind: 'node-plan', plan: [] },
      { kind: 'node-plan', plan },
    ]).nodePlan,
  ).toEqual(plan);
});

test('a record of a later version changes nothing', () => {
  const held = fold([claim('c1', [a])]);
  const unknown: unknown = { kind: 'nic', id: 'nic-1' };
  expect(remember(held, unknown as MemoryRecord)).toBe(held);
});

test('the same boot again keeps everything: an agent restarted', () => {
  const held = fold([{ kind: 'boot', bootId: 'b1' }, { kind: 'node-plan', plan }, claim('c1', [a])]);
  expect(plain(afterBoot(held, 'b1'))).toEqual(plain(held));
});

test('after a reboot nobody is attached, cooling goes on, what pods held is free but no longer fresh, NICs and cluster are known', () => {
  const before = fold([
    { kind: 'boot', bootId: 'b1' },
    { kind: 'node-plan', plan },
    { kind: 'nics', nics: [nic('eni-1')] },
    { kind: 'vpc-ranges', ranges: [prefix('10.0.0.0/16')] },
    { kind: 'cluster', learnt },
    claim('c1', [a], 7_000),
    release('c2', [b], 31_000),
  ]);
  const after = remember(before, { kind: 'boot', bootId: 'b2' });
  expect(plain(after)).toEqual({
    bootId: 'b2',
    attachments: [],
    kept: [],
    released: [
      [a, 7_000],
      [b, 31_000],
    ],
    nodePlan: [],
    intents: [],
    nics: [nic('eni-1')],
    vpcRanges: [prefix('10.0.0.0/16')],
    learnt,
  });
});

test('attachments stay when the boot under which they were written is unknown: a pod may live', () => {
  expect(afterBoot(fold([claim('c1', [a])]), 'b1').attachments.size).toBe(1);
});

test('remembering leaves the memory before as it was', () => {
  const before = fold([{ kind: 'boot', bootId: 'b1' }, claim('c1', [a])]);
  const seen = plain(before);
  remember(before, release('c1', [a], 5));
  remember(before, { kind: 'boot', bootId: 'b2' });
  expect(plain(before)).toEqual(seen);
});

test('forgetting takes the longest free, and never what still cools', () => {
  const at = (i: number) => addressOfNumber(BigInt(i + 1), 'v6');
  const records = Array.from({ length: 10_000 }, (_, i) => release('', [at(i)], i + 1));
  const memory = fold(records);
  const kept = forget(memory, 9_000); // 9,000 are free and 1,000 cool
  expect(kept.released.size).toBe(8_192 + 1_000);
  expect(Math.min(...kept.released.values())).toBe(9_000 - 8_192 + 1);
  expect(Math.max(...kept.released.values())).toBe(10_000);
  expect(forget(memory, 100).released.size).toBe(10_000);
});

test('memory stays bounded when ranges come and go and their addresses never come back', () => {
  const at = (i: number) => addressOfNumber(BigInt(i + 1), 'v6');
  let memory = emptyMemory;
  let most = 0;
  for (let i = 0; i < 50_000; i++) {
    memory = remember(memory, claim('c', [at(i)], 10 + i * 10));
    memory = remember(memory, release('c', [at(i)], 10 + i * 10 + 30_000));
    most = Math.max(most, memory.released.size);
  }
  expect(most).toBeLessThanOrEqual(16_385);
  expect(memory.released.get(at(49_999))).toBe(529_999 + 1);
});

/** One of each kind of intent, by its number. */
function intended(i: number, at: number): MemoryRecord {
  const of = { token: `t${i}` as Token, nic: 'eni-1' as NicId };
  const kinds: readonly Intent[] = [
    { kind: 'assign', ...of, unit: 'prefix', family: 'v4', count: 2 },
    { kind: 'createNic', token: of.token, spec: { unit: 'address', family: 'v4', count: 1 } },
    { kind: 'unassign', ...of, what: [a] },
    { kind: 'deleteNic', ...of },
  ];
  return { kind: 'intent', intent: kinds[i % 4] ?? { kind: 'deleteNic', ...of }, at };
}

const tokens = (memory: Memory) => [...memory.intents.keys()];
const settles = (i: number, at: number): MemoryRecord => ({ kind: 'settled', tokens: [`t${i}` as Token], at });

test('A26: an intent is remembered until its outcome is known, over a reboot as well', () => {
  const asked = fold([{ kind: 'boot', bootId: 'b1' }, intended(0, 10), intended(1, 20)]);
  expect(tokens(remember(asked, { kind: 'boot', bootId: 'b2' }))).toEqual(['t0', 't1']);
  expect(tokens(fold([intended(0, 10), intended(1, 20), settles(0, 30)]))).toEqual(['t1']);
});

test('what was given back is remembered for five minutes: reports from before still tell of it', () => {
  const back = fold([intended(2, 10), settles(2, 20)]);
  expect([...back.intents.values()]).toMatchObject([{ at: 10, settledAt: 20 }]);
  expect(tokens(remember(back, intended(1, 300_000)))).toEqual(['t1', 't2']);
  expect(tokens(remember(back, intended(1, 300_021)))).toEqual(['t1']);
});

test('what was to be given back and is there again is as if it had never been asked', () => {
  expect(tokens(fold([intended(2, 10), settles(2, 0)]))).toEqual([]);
});

const someAddress = fc.nat({ max: 20 }).map((i) => addressOfNumber(BigInt(i), i % 3 === 0 ? 'v6' : 'v4'));
const someAddresses = fc.uniqueArray(someAddress, { maxLength: 2 });
const container = fc.nat({ max: 8 }).map((i) => `c${i}`);
const record: fc.Arbitrary<MemoryRecord> = fc.oneof(
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map((i): MemoryRecord => ({ kind: 'boot', bootId: `b${i}` })) },
  {
    weight: 6,
    arbitrary: fc.tuple(container, someAddresses, fc.integer({ min: 1, max: 99 })).map((it) => claim(...it)),
  },
  { weight: 6, arbitrary: fc.tuple(container, someAddresses, fc.nat({ max: 99 })).map((it) => release(...it)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(container, someAddresses)
      .map(
        ([it, addresses]): MemoryRecord => ({ kind: 'kept', by: keeperId({ namespace: 'n', name: it }), addresses }),
      ),
  },
  { weight: 1, arbitrary: container.map(keptClaim) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(9), fc.nat(9e5)).map(([i, at]) => intended(i, at)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(9), fc.nat(9e5))
      .map(([i, at]): MemoryRecord => ({ kind: 'settled', tokens: [`t${i}` as Token], at })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Plan>([], plan).map((it): MemoryRecord => ({ kind: 'node-plan', plan: it })),
  },
  {
    weight: 1,
    arbitrary: fc.subarray(['eni-1', 'eni-2']).map((it): MemoryRecord => ({ kind: 'nics', nics: it.map(nic) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .subarray([prefix('10.0.0.0/16'), prefix('10.1.0.0/16')])
      .map((ranges): MemoryRecord => ({ kind: 'vpc-ranges', ranges })),
  },
  {
    weight: 1,
    arbitrary: fc
      .subarray([prefix('10.244.1.0/24'), prefix('fd00::/64')])
      .map((ranges): MemoryRecord => ({ kind: 'cluster', learnt: { ...learnt, ranges } })),
  },
);

test('a snapshot folds to the memory it was made of, whatever was remembered', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), (records) => {
      const memory = fold(records);
      expect(plain(fold(snapshot(memory)))).toEqual(plain(memory));
    }),
    { numRuns: 500 },
  );
});

test('a snapshot in the middle changes nothing of what follows', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.array(record, { maxLength: 40 }), (early, late) => {
      const memory = fold([...early, ...late]);
      expect(plain(fold([...snapshot(fold(early)), ...late]))).toEqual(plain(memory));
    }),
  );
});

test('a snapshot has one record per attachment and per time, not per address', () => {
  const ids: AttachmentId[] = [];
  const memory = fold([
    { kind: 'boot', bootId: 'b1' },
    claim('c1', [a]),
    release('c2', [b], 5),
    release('c3', [address('fd00::5')], 5),
  ]);
  const records = snapshot(memory);
  for (const it of records) if (it.kind === 'claim') ids.push(it.attachment.id);
  expect(records.map(({ kind }) => kind)).toEqual(['boot', 'claim', 'release']);
  expect(ids).toEqual([attachment('c1', []).id]);
});
