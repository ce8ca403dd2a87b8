import { beforeEach, expect, test, vi } from 'vitest';
import { silent } from '../../base/log.ts';
import { mac } from '../../base/mac.ts';
import type { AttachmentId } from '../../core/attachment.ts';
import type { Placing } from '../../core/ipam/placing.ts';
import { sentence } from '../../core/refusal-words.ts';
import { CloudError } from '../../io/cloud/provider.ts';
import { FakeKernel } from '../../io/kernel/fake-kernel.ts';
import { KernelError } from '../../io/kernel/kernel.ts';
import type { Attachments } from './attachments.ts';
import { BranchKeeper } from './branch-keeper.ts';
import { BranchRunner } from './branch-runner.ts';
import { History } from './history.ts';
import { RefusalError } from './pool-runner.ts';
import { BranchCloud, TRUNK } from './testing/branch-cloud.ts';
import { HandClock, settled } from './testing/hand-clock.ts';

const pod = (name: string) => ({ namespace: 'shop', name, uid: name });
const by = (name: string) => `net/${name}/eth0` as AttachmentId;

let clock: HandClock;
let cloud: BranchCloud;
let runner: BranchRunner;
let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel();
  clock = new HandClock();
  cloud = new BranchCloud(kernel);
  placing = undefined;
  runner = running('strict');
});

let placing: Placing | undefined;

/** A runner on the cloud as it is. `left`: pods get none any more, and it is known whether something is left. */
function running(enforcing: 'strict' | 'off', left?: () => boolean): BranchRunner {
  const attachments = { all: () => [] } as unknown as Attachments;
  const doors = { provider: cloud, clock, log: silent, attachments, history: new History(clock) };
  const keeper = new BranchKeeper({ ...doors, cooldownMs: 1_000, idleMs: 5_000, ...(left && { left }) });
  const made = new BranchRunner({ ...doors, keeper, kernel, enforcing, placing: () => placing });
  made.start();
  return made;
}

const claim = (name: string, groups = ['sg-1']) =>
  runner.claim({ by: by(name), pod: pod(name), netns: `/run/${name}`, groups, v6: false, until: clock.now() + 10_000 });
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

test('A49: one whose deletion was not answered is given to no pod: it may go under it, and its address to another', async () => {
  cloud.plug('eth1', TRUNK);
  cloud.plug = () => {};
  const first = claim('a');
  await expect.poll(states).toEqual(['eni-1 held']);
  await clock.pass(2_000); // no link of its own: from now on no pod waits for one
  await first;
  runner.give(by('a'), false);
  const carriedOut = cloud.remove.bind(cloud);
  cloud.remove = async (nic) => {
    await carriedOut(nic);
    throw new CloudError('away', { action: 'controller', code: 'ControllerAway', message: 'no answer' });
  };
  await clock.pass(5_000);
  expect(cloud.removed).toEqual(['eni-1']);
  cloud.remove = carriedOut;
  expect((await claim('b')).branch.id).toBe('eni-2');
  await clock.pass(60_000);
  expect([cloud.removed, states()]).toEqual([['eni-1', 'eni-1'], ['eni-2 held']]);
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

test('A49: what was asked for and not answered is asked for again by the same token, by the next ADD of such a pod', async () => {
  cloud.failure = new CloudError('unknown', {
    action: 'CreateNetworkInterface',
    code: 'TimeoutError',
    message: 'lost',
  });
  expect(await refusal(claim('a'))).toContain('lost');
  cloud.failure = undefined;
  expect((await claim('b')).branch.id).toBe('eni-1');
  const [first, second] = cloud.asked;
  expect(second?.token).toBe(first?.token);
  cloud.failure = new CloudError('gone', { action: 'CreateNetworkInterface', code: 'NotFound', message: 'no group' });
  await refusal(claim('c'));
  await refusal(claim('d'));
  expect(new Set(cloud.asked.map(({ token }) => token)).size).toBe(3); // nothing came of it: another try
});

test('A49: of a NIC that may have been made the cloud is asked within a minute, though no pod asks again', async () => {
  cloud.failure = new CloudError('away', { action: 'controller', code: 'ControllerAway', message: 'no answer' });
  await refusal(claim('a'));
  expect(cloud.told).toHaveLength(1);
  await clock.pass(60_000);
  expect(cloud.told).toHaveLength(2);
  expect(runner.book.making.size).toBe(0);
});

test('A49: a cloud that does not tell what there is is asked ever more seldom, up to once a minute', async () => {
  await settled();
  let tries = 0;
  const tell = cloud.report.bind(cloud);
  cloud.report = () => {
    tries++;
    return Promise.reject(
      new CloudError('denied', { action: 'DescribeNetworkInterfaces', code: 'Denied', message: 'no' }),
    );
  };
  cloud.failure = new CloudError('away', { action: 'controller', code: 'ControllerAway', message: 'no answer' });
  await refusal(claim('a'));
  await clock.pass(60_000); // it is looked for what came of that
  expect(tries).toBe(1);
  await clock.pass(62_000);
  expect(tries).toBe(6); // after 2, 4, 8, 16 and 32 s more
  await clock.pass(600_000);
  expect(tries).toBe(16);
  cloud.report = tell;
  await clock.pass(60_000);
  expect(runner.book.making.size).toBe(0);
});

test('A49: a pod that will ask has its NIC made ahead, once, and one that goes before it asked leaves it to the next', async () => {
  await settled(); // the cloud has told what there is
  for (const name of ['a', 'a', 'b']) runner.expect(pod(name), { groups: ['sg-1'], v6: false });
  await settled();
  expect(states()).toEqual(['eni-1 free', 'eni-2 free']);
  runner.forget(pod('b'));
  const made = cloud.asked.length;
  expect([(await claim('a')).branch.id, (await claim('c')).branch.id].toSorted()).toEqual(['eni-1', 'eni-2']);
  expect(cloud.asked).toHaveLength(made);
});

test('A49: an ADD waits for the NIC that is being made ahead', async () => {
  let open = () => {};
  cloud.gate = new Promise<void>((resolve) => (open = resolve));
  runner.expect(pod('a'), { groups: ['sg-1'], v6: false });
  await expect.poll(() => cloud.asked).toHaveLength(1);
  const waiting = claim('a');
  await settled();
  runner.expect(pod('a'), { groups: ['sg-1'], v6: false }); // the watch comes after the runtime
  open();
  expect((await waiting).branch.id).toBe('eni-1');
  expect(cloud.asked).toHaveLength(1);
});

test('A47, A49: it stands where the NICConfig of the node says, with the pod’s groups; without one it is refused', async () => {
  placing = { own: 'zone-a', known: [] };
  expect(await refusal(claim('a'))).toContain('zone-a');
  expect(cloud.asked).toEqual([]);
  const place = { name: 'zone-a', subnet: 'subnet-2', groups: ['sg-node'] };
  placing = { own: 'zone-a', known: [place] };
  const { branch } = await claim('a');
  expect([branch.subnet, branch.groups, cloud.asked[0]?.spec.place]).toEqual(['subnet-2', ['sg-1'], place]);
});

test('A49: switched off, the NICs that no pod has go, and the trunk after the last; before that nothing is asked', async () => {
  await claim('a');
  await claim('b');
  runner.stop();
  const asked = cloud.told.length;
  let left = false;
  runner = running('off', () => left);
  await clock.pass(600_000);
  expect([cloud.told.length, cloud.removed, runner.most]).toEqual([asked, [], 0]);
  left = true;
  await clock.pass(660_000);
  expect(cloud.removed.toSorted()).toEqual(['eni-1', 'eni-2']);
  expect(cloud.trunksRemoved).toEqual([0]);
  const ended = cloud.told.length;
  await clock.pass(3_600_000);
  expect(cloud.told).toHaveLength(ended); // all has gone, and nothing will come
});

test('A49: switched off, a trunk that could not be given back yet is tried again', async () => {
  runner.stop();
  let tries = 0;
  cloud.removeTrunk = () => {
    const busy = new CloudError('busy', { action: 'DeleteNetworkInterface', code: 'InUse', message: 'in use' });
    return ++tries < 3 ? Promise.reject(busy) : Promise.resolve();
  };
  running('off', () => true);
  await clock.pass(3_600_000);
  expect(tries).toBe(3);
});
