import { beforeEach, expect, test, vi } from 'vitest';
import { address } from '../../base/ip.ts';
import { silent } from '../../base/log.ts';
import { mac } from '../../base/mac.ts';
import type { AttachmentId } from '../../core/attachment.ts';
import type { BranchReport, BranchSpec } from '../../core/branches/branch.ts';
import type { NicId } from '../../core/ipam/nic.ts';
import { sentence } from '../../core/refusal-words.ts';
import type { BranchProvider } from '../../io/cloud/branches.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { FakeKernel } from '../../io/kernel/fake-kernel.ts';
import { KernelError } from '../../io/kernel/kernel.ts';
import type { Attachments } from './attachments.ts';
import { BranchRunner } from './branch-runner.ts';
import { History } from './history.ts';
import { RefusalError } from './pool-runner.ts';
import { HandClock } from './testing/hand-clock.ts';

const TRUNK = mac('0a:00:00:00:01:00');
const by = (name: string) => `net/${name}/eth0` as AttachmentId;

/** A cloud in memory, whose answers a test may hold back. */
class Cloud implements BranchProvider {
  readonly nics = new Map<NicId, BranchReport>();
  readonly removed: NicId[] = [];
  gate: Promise<unknown> = Promise.resolve();
  failure: CloudError | undefined;
  readonly #kernel: FakeKernel;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  readonly most = () => Promise.resolve(2);
  readonly told: NicId[][] = [];

  report(): Promise<readonly BranchReport[]> {
    this.told.push([...this.nics.keys()]);
    return Promise.resolve([...this.nics.values()]);
  }

  async create({ groups }: BranchSpec): Promise<BranchReport> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const n = this.nics.size + this.removed.length + 1;
    const own = mac(`0a:00:00:00:00:0${n}`);
    const report: BranchReport = {
      ...{ id: `eni-${n}` as NicId, mac: own, vlan: n, trunkMac: TRUNK, subnet: 's', carried: true, groups },
      gateways: [address('10.0.0.1')],
      addresses: [address(`10.0.0.${10 + n}`)],
    };
    this.nics.set(report.id, report);
    this.plug(`branch${n}`, own);
    return report;
  }

  remove(nic: NicId): Promise<void> {
    this.nics.delete(nic);
    this.removed.push(nic);
    return Promise.resolve();
  }

  plug(name: string, of: BranchReport['mac']): void {
    const link = { name, mac: of, mtuBytes: 9001, up: false, addresses: [], defaultRoute: [] };
    this.#kernel.setHostLinks([...this.#kernel.world.hostLinks, link]);
  }
}

let clock: HandClock;
let cloud: Cloud;
let runner: BranchRunner;
let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel();
  clock = new HandClock();
  cloud = new Cloud(kernel);
  const attachments = { all: () => [] } as unknown as Attachments;
  const history = new History(clock);
  const times = { cooldownMs: 1_000, idleMs: 5_000 };
  const doors = { provider: cloud, kernel, clock, log: silent, attachments, history, ...times };
  runner = new BranchRunner({ ...doors, enforcing: 'strict' });
  runner.start();
});

const claim = (name: string, groups = ['sg-1']) =>
  runner.claim({ by: by(name), netns: `/run/${name}`, groups, v6: false, until: clock.now() + 10_000 });
const states = () => [...runner.book.branches].map(([id, { state }]) => `${id} ${state.is}`);
async function refusal(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof RefusalError ? sentence(error.refusal) : `not refused: ${String(error)}`;
}

test('A49: an ADD has the NIC as soon as its link is there, whatever it is called', async () => {
  const { branch, on } = await claim('a');
  expect([branch.id, on]).toEqual(['eni-1', { link: 'branch1' }]);
  expect(states()).toEqual(['eni-1 held']);
});

test('a NIC that comes when its ADD has given up is not lost: the same ADD has it when it asks again', async () => {
  let open = () => {};
  cloud.gate = new Promise<void>((resolve) => (open = resolve));
  const first = refusal(claim('a'));
  await clock.pass(10_000);
  expect(await first).toContain('the cloud has not made it in time');
  open();
  await expect.poll(states).toEqual(['eni-1 free']);
  expect((await claim('a')).branch.id).toBe('eni-1');
});

test('what the cloud says goes into the refusal, and leaves room for the next', async () => {
  cloud.failure = new CloudError('gone', {
    action: 'CreateNetworkInterface',
    code: 'InvalidGroup.NotFound',
    message: 'no sg-9',
  });
  expect(await refusal(claim('a', ['sg-9']))).toBe("the pod's own NIC, with sg-9, could not be had: no sg-9");
  cloud.failure = undefined;
  await claim('a');
  await claim('b');
  expect(await refusal(claim('c'))).toContain("this node's trunk carries 2 at most: 2 are held");
});

test('one that nobody takes is deleted when it has been idle', async () => {
  await claim('a');
  runner.give(by('a'), true);
  await clock.pass(1_000);
  expect(states()).toEqual(['eni-1 free']);
  await clock.pass(5_000);
  await expect.poll(() => cloud.removed).toEqual(['eni-1']);
  expect(states()).toEqual([]);
});

test('A49: where no link of its own shows up the trunk’s VLAN is taken, and from then on at once', async () => {
  cloud.plug('eth1', TRUNK);
  cloud.plug = () => {};
  const first = claim('a');
  await expect.poll(states).toEqual(['eni-1 held']);
  await clock.pass(2_000);
  expect((await first).on).toEqual({ trunk: 'eth1', mac: mac('0a:00:00:00:00:01') });
  expect((await claim('b')).on).toMatchObject({ trunk: 'eth1' });
});

test('a NIC that comes when its ADD has given up is held by nobody, whatever the clock says', async () => {
  let open = () => {};
  cloud.gate = new Promise<void>((resolve) => (open = resolve));
  const first = refusal(claim('a'));
  await clock.pass(10_000);
  await first;
  vi.spyOn(clock, 'now').mockReturnValue(clock.now() - 1_000); // a timer ends by another clock
  open();
  await expect.poll(states).toEqual(['eni-1 free']);
});

test('what the kernel does not tell leaves no NIC with an ADD that was not answered', async () => {
  kernel.hostLinks = () => Promise.reject(new KernelError('busy', 'ENOBUFS'));
  await expect(claim('a')).rejects.toThrow('ENOBUFS');
  expect(states()).toEqual(['eni-1 free']);
});

test('A49: a NIC whose link never came is not given to the next pod before the cloud was asked for it', async () => {
  await claim('a');
  runner.give(by('a'), false);
  kernel.setHostLinks([]);
  cloud.nics.clear(); // somebody deletes it
  const second = refusal(claim('b'));
  await clock.pass(10_000);
  expect(await second).toContain('neither a link of');
  await expect.poll(() => cloud.told).toHaveLength(2);
  expect(states()).toEqual([]);
});

test('A49: a DEL ends the wait of an ADD of its sandbox, whatever it waits for, and of no other', async () => {
  cloud.gate = new Promise<void>(() => {});
  const waiting = refusal(claim('a'));
  await expect.poll(() => runner.book.making.size).toBe(1);
  runner.cancel(by('a'), (netns) => netns === '/run/other');
  runner.cancel(by('a'), (netns) => netns === '/run/a');
  expect(await waiting).toContain('the sandbox was removed');
});
