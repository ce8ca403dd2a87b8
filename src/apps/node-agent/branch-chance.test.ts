import { expect, test } from 'vitest';
import { silent } from '../../base/log.ts';
import { type Random, seeded } from '../../base/random.ts';
import type { AttachmentId, PodName } from '../../core/attachment.ts';
import type { BranchReport } from '../../core/branches/branch.ts';
import { FakeKernel } from '../../io/kernel/fake-kernel.ts';
import type { Attachments } from './attachments.ts';
import { BranchKeeper } from './branch-keeper.ts';
import { BranchRunner } from './branch-runner.ts';
import { History } from './history.ts';
import { RefusalError } from './pool-runner.ts';
import { TRUNK } from './testing/branch-cloud.ts';
import { HandClock } from './testing/hand-clock.ts';
import { type Life, MOST, UncertainBranches } from './testing/uncertain-branches.ts';

/** What a pod has on record. */
interface Held {
  readonly id: AttachmentId;
  readonly pod: PodName;
  readonly branch: BranchReport;
}

/** A node whose pods ask for NICs of their own and give them back, and whose agent is killed now and then. */
class Node {
  readonly clock = new HandClock();
  readonly cloud: UncertainBranches;
  readonly held = new Map<AttachmentId, Held>();
  readonly waiting = new Map<AttachmentId, string>();
  readonly broken: string[] = []; // promises
  granted = 0;
  readonly #kernel = new FakeKernel();
  readonly #random: Random;
  #life: Life = { over: false };
  #runner: BranchRunner;
  #serial = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
    const link = { name: 'eth1', mac: TRUNK, mtuBytes: 9001, up: true, addresses: [], defaultRoute: [] };
    this.#kernel.setHostLinks([link]);
    const deleted = (nic: string) => {
      for (const { id, branch } of this.held.values())
        if (branch.id === nic) this.broken.push(`${nic} was deleted under ${id}`);
    };
    this.cloud = new UncertainBranches({ clock: this.clock, random: this.#random, deleted });
    this.#runner = this.begin('strict');
  }

  /** An agent that knows only what is on record. What its predecessor waited for, nobody hears. */
  begin(enforcing: 'strict' | 'off'): BranchRunner {
    this.#life.over = true;
    this.#life = { over: false };
    this.waiting.clear();
    const records = () =>
      [...this.held.values()].map((it) => ({ ...it, addresses: it.branch.addresses, plan: [{ kind: 'vlan' }] }));
    const attachments = { all: records } as unknown as Attachments;
    const { clock, cloud } = this;
    const provider = cloud.seenBy(this.#life);
    const doors = { provider, clock, log: silent, attachments, history: new History(clock) };
    const left = () => cloud.trunk || this.held.size > 0;
    const times = { cooldownMs: 30_000, idleMs: enforcing === 'off' ? 60_000 : 120_000 };
    const keeper = new BranchKeeper({ ...doors, ...times, ...(enforcing === 'off' && { left }) });
    this.#runner = new BranchRunner({ ...doors, keeper, kernel: this.#kernel, enforcing, placing: () => undefined });
    this.#runner.start();
    return this.#runner;
  }

  /** Something that pods, runtimes and machines do. */
  async happen(): Promise<void> {
    const [what, which] = [this.#random.fraction(), this.#random.fraction()];
    const name = `p${Math.floor(which * 6)}`;
    if (what < 0.3 && this.held.size + this.waiting.size < MOST) this.claim(name);
    else if (what < 0.4) this.#runner.expect(podNamed(name), { groups: groupsOf(name), v6: false });
    else if (what < 0.45) this.#runner.forget(podNamed(name));
    else if (what < 0.75) this.give([...this.held.keys()][Math.floor(which * this.held.size)]);
    else if (what < 0.8) this.#cancel();
    else if (what < 0.83) this.kill('strict');
    await this.clock.pass(Math.floor(this.#random.fraction() * this.#random.fraction() * 20_000));
    const holders = [...this.#runner.book.branches.values()].flatMap(({ state }) =>
      state.is === 'held' ? [state.by] : [],
    );
    if (new Set(holders).size < holders.length) this.broken.push('one pod has two NICs');
  }

  kill(then: 'strict' | 'off'): void {
    this.#runner.stop();
    this.begin(then);
  }

  claim(name: string): void {
    const id = `net/${name}-${++this.#serial}/eth0` as AttachmentId;
    const [life, groups, netns] = [this.#life, groupsOf(name), `/run/${id}`];
    this.waiting.set(id, netns);
    const wish = { by: id, pod: podNamed(name), netns, groups, v6: false, until: this.clock.now() + 25_000 };
    const answered = this.#runner.claim(wish).then(
      ({ branch }) => life.over || this.#grant({ id, pod: wish.pod, branch }),
      (error: unknown) => error instanceof RefusalError || this.broken.push(`${id}: ${String(error)}`),
    );
    void answered.then(() => life.over || this.waiting.delete(id));
  }

  #grant(held: Held): void {
    this.granted++;
    const { id, branch, pod } = held;
    const there = this.cloud.nics.get(branch.id);
    if (there?.carried !== true) this.broken.push(`${id} was given ${branch.id}, which no trunk carries`);
    if (there?.groups.join() !== groupsOf(pod.name).join()) this.broken.push(`${id} has the groups of others`);
    for (const other of this.held.values())
      if (other.branch.id === branch.id) this.broken.push(`${branch.id} is on ${other.id} and ${id}`);
    this.held.set(id, held);
  }

  give(id: AttachmentId | undefined): void {
    if (id !== undefined && this.held.delete(id)) this.#runner.give(id, true);
  }

  giveAll(): void {
    for (const id of this.held.keys()) this.give(id);
  }

  #cancel(): void {
    const [first] = this.waiting;
    if (first !== undefined) this.#runner.cancel(first[0], (netns) => netns === first[1]);
  }

  async quiet(minutes: number): Promise<void> {
    for (let i = 0; i < minutes * 6; i++) await this.clock.pass(10_000);
  }
}

function podNamed(name: string): PodName {
  return { namespace: 'a', name, uid: name };
}

function groupsOf(name: string): readonly string[] {
  return [`sg-${Number(name.slice(1)) % 2}`];
}

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);

test.each(SEEDS)('A49: of a cloud in doubt no NIC is given to two pods, and none is lost: seed %i', async (seed) => {
  const node = new Node(seed);
  for (let i = 0; i < 400; i++) await node.happen();
  expect(node.broken).toEqual([]);
  expect(node.granted).toBeGreaterThan(0);

  node.cloud.trouble = 0; // from now on all goes well
  await node.quiet(1); // who waits has an answer
  node.giveAll();
  await node.quiet(20);
  expect([...node.cloud.nics.keys()], 'what no pod wants has gone').toEqual([]);

  for (let i = 0; i < 4; i++) {
    const has = new Set([...node.held.values()].map(({ pod }) => pod.name));
    for (const name of ['p0', 'p1', 'p2', 'p3']) if (!has.has(name)) node.claim(name);
    await node.clock.pass(40_000);
  }
  expect(node.held.size, 'all are served').toBe(4);

  node.kill('off');
  await node.quiet(2);
  node.giveAll();
  await node.quiet(30);
  expect([node.cloud.nics.size, node.cloud.trunk], 'switched off, nothing stays').toEqual([0, false]);
  expect(node.broken).toEqual([]);
});
