import { expect, onTestFinished, test } from 'vitest';
import { attachmentId, type AttachmentRecord } from '../../core/attachment.ts';
import { adopt } from '../../core/ipam/adopt.ts';
import type { CloudEffect } from '../../core/ipam/cloud-event.ts';
import type { NicReport } from '../../core/ipam/nic.ts';
import { POLICY } from '../../core/ipam/testing/cloud-driver.ts';
import { limitsOf, TinyCloud } from '../../core/ipam/testing/tiny-cloud.ts';
import { emptyMemory, remember } from '../../core/memory/fold.ts';
import type { Memory, MemoryRecord } from '../../core/memory/record.ts';
import { FakeProvider } from '../../io/cloud/fake-provider.ts';
import type { Journal } from '../../io/store/journal.ts';
import { Attachments } from './attachments.ts';
import { CloudRunner } from './cloud-runner.ts';
import { type ClaimWish, PoolRunner, RefusalError } from './pool-runner.ts';
import { HandClock } from './testing/hand-clock.ts';

/** A journal in memory that can fail. */
class SmallJournal implements Journal {
  #memory: Memory = emptyMemory;
  readonly lines: string[] = [];
  broken = false;

  append(records: readonly MemoryRecord[]): Promise<void> {
    if (this.broken) return Promise.reject(new Error('no space left on device'));
    for (const record of records) {
      this.#memory = remember(this.#memory, record);
      this.lines.push(record.kind);
    }
    return Promise.resolve();
  }

  synced(): Promise<void> {
    this.lines.push('synced');
    return Promise.resolve();
  }

  memory(): Memory {
    return this.#memory;
  }

  failing(): string | undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A pool with its cloud, as the agent has them. */
class Node {
  readonly provider: FakeProvider;
  readonly pool: PoolRunner;
  readonly runner: CloudRunner;
  readonly changes: CloudEffect[] = [];
  readonly ups: string[] = [];
  setUp: (nic: NicReport) => Promise<void> = () => Promise.resolve();

  readonly clock: HandClock;
  readonly journal: SmallJournal;

  constructor(
    clock = new HandClock(),
    journal = new SmallJournal(),
    cloud = new TinyCloud({ limits: limitsOf(3, 6) }),
  ) {
    this.clock = clock;
    this.journal = journal;
    this.provider = new FakeProvider(clock, { limits: cloud.limits }, cloud);
    const policy = { cooldownMs: 30_000, waitingLimit: 100, cloud: { ...POLICY, targets: { warmAddresses: 1 } } };
    const { pool } = adopt(journal.memory(), { policy, ranges: [] }, clock.now());
    const attachments = new Attachments(journal);
    this.pool = new PoolRunner(pool, { attachments, clock, cloud: (effect) => this.runner.does(effect) });
    const log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
    this.runner = new CloudRunner({
      provider: this.provider,
      journal,
      clock,
      log,
      hear: (event) => this.pool.hear(event),
      pool: () => this.pool.pool,
      setUp: async (nic) => {
        await this.setUp(nic);
        this.ups.push(nic.id);
      },
      changed: (effect) => void this.changes.push(effect),
    });
  }

  async start(): Promise<this> {
    this.runner.start();
    await this.clock.pass(3_000);
    return this;
  }

  /** ADDs; what each came to, as far as it has. */
  add(count: number, patience = 20_000): string[] {
    const outcomes: string[] = [];
    for (let i = 0; i < count; i++) {
      outcomes.push('waits');
      const wish = wishOf(`c${i}`, this.clock.now() + patience);
      this.pool.claim(wish).then(
        ({ addresses }) => (outcomes[i] = addresses.join()),
        (err: unknown) => (outcomes[i] = err instanceof RefusalError ? err.refusal.why : String(err)),
      );
    }
    return outcomes;
  }

  mutations(): readonly string[] {
    return this.provider.calls.flatMap(({ kind, urgency }) => (urgency === undefined ? [] : [`${kind} ${urgency}`]));
  }
}

function wishOf(container: string, until: number): ClaimWish {
  const name = { network: 'pods', containerId: container, ifname: 'eth0' };
  const id = attachmentId(name);
  const rest = { id, name, netns: '', ports: [], ordinal: 0, plan: [], result: '', since: 0 };
  const describe = (addresses: AttachmentRecord['addresses']): AttachmentRecord => ({ ...rest, addresses });
  return { id, families: ['v4'], wanted: [], until, describe, waits: () => {} };
}

const node = async () => {
  const it = await new Node().start();
  onTestFinished(async () => {
    const stopped = it.runner.stop();
    await it.clock.pass(5_000);
    await stopped;
    it.pool.stop();
  });
  return it;
};

test('a node comes up: limits and NICs are told, the NIC is set up, one address is warm', async () => {
  const it = await node();
  expect(it.ups).toEqual(['eni-0']);
  expect(it.mutations()).toEqual(['assign refill']);
  const outcomes = it.add(1);
  await it.clock.pass(0);
  expect(outcomes).toEqual(['10.0.0.5']);
});

test('A30: a burst is asked for in one call a NIC, as urgently as pods are', async () => {
  const it = await node();
  const before = it.mutations().length;
  const outcomes = it.add(9);
  await it.clock.pass(2_000);
  expect(new Set(outcomes).size).toBe(9);
  expect(outcomes).not.toContain('waits');
  expect(it.mutations().slice(before)).toEqual(['assign pod', 'createNic pod']);
});

test('A26: an intent is on record and synced before it is asked for, and settled when it is answered', async () => {
  const it = await node();
  expect(it.journal.lines).toEqual(['intent', 'synced', 'settled']);
  it.journal.lines.length = 0;
  it.add(2);
  await it.clock.pass(25);
  expect(it.journal.lines).toEqual(['claim', 'intent', 'synced']);
  expect(it.journal.memory().intents.size).toBe(1);
});

test('A26: what was asked for when the agent died is asked for again by its token: nothing is made twice', async () => {
  const it = await node();
  it.add(9);
  await it.clock.pass(100); // the calls are on their way: they will happen, and nobody hears of it
  void it.runner.stop();
  await it.clock.pass(1_000);
  expect(it.provider.cloud.nics.size).toBe(2);
  const next = await new Node(it.clock, it.journal, it.provider.cloud).start();
  expect(next.provider.cloud.nics.size).toBe(2);
  expect([...next.journal.memory().intents.values()].filter(({ settledAt }) => settledAt === undefined)).toEqual([]);
  const held = next.pool.pool.cloud?.nics.flatMap(({ holds }) => [...holds.keys()]) ?? [];
  for (const { addresses } of next.provider.cloud.report()) for (const one of addresses) expect(held).toContain(one);
});

test('an intent that cannot be put on record is not asked for, and is tried again', async () => {
  const it = await node();
  it.journal.broken = true;
  const before = it.mutations().length;
  await it.pool.hear({ kind: 'expected', pods: 4 });
  await it.clock.pass(400);
  expect(it.mutations().length).toBe(before);
  it.journal.broken = false;
  await it.clock.pass(3_000);
  expect(it.mutations().length).toBe(before + 1);
});

test('a lost answer is asked for again by the same token, and nothing is assigned twice', async () => {
  const it = await node();
  it.provider.failures.push('lose');
  const outcomes = it.add(3);
  await it.clock.pass(4_000);
  expect(outcomes).not.toContain('waits');
  expect(it.provider.cloud.report()[0]?.addresses).toHaveLength(4);
});

test('the cloud is down: warm addresses are given, who waits is refused with the cause, and it recovers', async () => {
  const it = await node();
  it.provider.down = true;
  const outcomes = it.add(2, 5_000);
  await it.clock.pass(6_000);
  expect(outcomes).toEqual(['10.0.0.5', 'cloud-failing']);
  it.provider.down = false;
  await it.clock.pass(60_000);
  const later = it.add(3, 5_000);
  await it.clock.pass(5_000);
  expect(later.every((one) => one.startsWith('10.'))).toBe(true);
});

test('a NIC that cannot be set up gives nothing, and is tried again', async () => {
  const it = new Node();
  let failures = 2;
  it.setUp = () => (failures-- > 0 ? Promise.reject(new Error('EBUSY')) : Promise.resolve());
  await it.start();
  const outcomes = it.add(1);
  await it.clock.pass(10);
  expect(outcomes).toEqual(['waits']);
  await it.clock.pass(5_000);
  expect([outcomes, it.ups]).toEqual([['10.0.0.5'], ['eni-0']]);
  void it.runner.stop();
  it.pool.stop();
});

test('what others take is told', async () => {
  const it = await node();
  const [nic] = it.provider.cloud.nics.values();
  const [taken] = nic?.holds ?? [];
  await it.clock.pass(700_000);
  nic?.holds.clear();
  await it.clock.pass(700_000);
  expect(it.changes).toMatchObject([{ kind: 'lost', what: [taken], claims: [] }]);
});
