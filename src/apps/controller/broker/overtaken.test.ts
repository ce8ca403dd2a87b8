import { afterEach, beforeEach, expect, test } from 'vitest';
import { address } from '../../../base/ip.ts';
import { seeded } from '../../../base/random.ts';
import type { NicId } from '../../../core/ipam/nic.ts';
import type { FakeProvider } from '../../../io/cloud/fake-provider.ts';
import { RemoteProvider } from '../../../io/cloud/remote/provider.ts';
import { type Answer, readAnswer, writeAnswer } from '../../../wire/broker/answer.ts';
import { readQuestion, type Wish, writeQuestion } from '../../../wire/broker/question.ts';
import { BrokerScene, type DeskReplica, held, newToken as token, ownNic, quick, TWO } from './testing/broker-scene.ts';

// What was overtaken on its way: something newer was asked about the same NIC since.

let scene: BrokerScene;
let cloud: FakeProvider;

beforeEach(() => {
  scene = new BrokerScene();
  cloud = scene.node('node-1', 'i-01', '10.0.0.0/20');
});
afterEach(() => scene.close());

const own = () => ownNic(cloud);

const HOUR_MS = 3_600_000;
const ip = address('10.0.0.99');
const bring = () => ({ do: 'bring', nic: own().id, address: ip }) as const;
const from = 'eni-of-another' as NicId;
const takeOff = () => ({ do: 'unassign', nic: own().id, what: [ip] }) as const;

/** A question as it arrives, whoever still waits for its answer. */
async function arrives({ desk }: DeskReplica, wish: Wish, order?: number): Promise<Answer> {
  const body = writeQuestion({
    id: token(),
    urgency: 'pod',
    wish,
    ...(order === undefined ? {} : { order }),
  });
  return readAnswer((await desk.serve({ body, authorization: 'Bearer node-1' })).body as string);
}

test('A90: a late question takes nothing away that was brought since, and brings nothing anew', async () => {
  const replica = await scene.replica();
  expect(await arrives(replica, bring(), 7)).toMatchObject({ is: 'done' });
  for (const late of [takeOff(), bring()])
    expect(await arrives(replica, late, 6)).toMatchObject({ is: 'failed', failure: { kind: 'busy', newest: 7 } });
  expect([own().holds, scene.brought.length]).toEqual([[ip], 1]);
  expect(await arrives(replica, takeOff(), 8)).toMatchObject({ is: 'done' });
  expect(own().holds).toEqual([]);
});

test('what was assigned or told since is newer as well, and a late deletion is refused, too', async () => {
  const replica = await scene.replica();
  const remove = { do: 'delete', nic: own().id } as const;
  await arrives(replica, { do: 'assign', token: token(), nic: own().id, ...TWO }, 7);
  for (const late of [takeOff(), bring(), remove])
    expect(await arrives(replica, late, 6)).toMatchObject({ failure: { newest: 7 } });
  await arrives(replica, { do: 'report' }, 9);
  for (const late of [takeOff(), bring(), remove])
    expect(await arrives(replica, late, 8)).toMatchObject({ failure: { newest: 9 } });
  expect([own().holds.length, cloud.cloud.report().length]).toEqual([2, 1]);
});

test('A90: nothing is taken late off the NIC that it was brought to since', async () => {
  const replica = await scene.replica();
  const other = await scene.agent('node-1').createNic(TWO, token(), 'pod');
  await arrives(replica, { do: 'report' }, 5);
  await arrives(replica, { ...bring(), nic: other.id }, 7);
  const late = { ...bring(), from: other.id };
  expect(await arrives(replica, late, 6)).toMatchObject({ failure: { kind: 'busy', newest: 7 } });
  expect(own().holds).toEqual([]);
  expect(await arrives(replica, late, 8)).toMatchObject({ is: 'done' });
  expect(own().holds).toEqual([ip]);
});

test('A90: whether it may be taken off another node is looked at when its turn has come', async () => {
  const replica = await scene.replica();
  const right = `node-1 ${ip} ${from}`;
  for (const has of [true, false]) {
    const { asked, goOn } = held(cloud, 'assign');
    const before = arrives(replica, { do: 'assign', token: token(), nic: own().id, ...TWO });
    await asked;
    scene.rights.add(right);
    const brings = arrives(replica, { ...bring(), from });
    await new Promise((resolve) => setTimeout(resolve, 20)); // it has come to the door, and waits for the other
    if (!has) scene.rights.delete(right);
    goOn();
    await Promise.all([before, brings]);
    expect(scene.brought.at(-1)?.from).toBe(has ? from : undefined);
  }
});

test('what an agent asks at once is all carried out, in whatever order it arrives', async () => {
  await scene.replica();
  const agent = scene.agent('node-1');
  const ips = ['10.0.0.91', '10.0.0.92', '10.0.0.93'].map(address);
  await Promise.all(ips.map((it) => agent.bring({ nic: own().id, address: it, from }, 'pod')));
  expect(own().holds.toSorted()).toEqual(ips);
});

test('it is so for each NIC by itself, and a NIC that is gone is remembered no more', async () => {
  const replica = await scene.replica();
  const other = await scene.agent('node-1').createNic(TWO, token(), 'pod');
  const onOther = { ...bring(), nic: other.id };
  expect(await arrives(replica, bring(), 7)).toMatchObject({ is: 'done' });
  expect(await arrives(replica, takeOff(), 8)).toMatchObject({ is: 'done' });
  expect(await arrives(replica, onOther, 6)).toMatchObject({ is: 'done' });
  expect(await arrives(replica, { do: 'delete', nic: other.id }, 9)).toMatchObject({ is: 'done' });
  expect(await arrives(replica, onOther, 5)).toMatchObject({ failure: { kind: 'gone' } });
});

test('an agent that tells no order is served as before', async () => {
  const replica = await scene.replica();
  expect(await arrives(replica, bring(), 7)).toMatchObject({ is: 'done' });
  expect(await arrives(replica, takeOff())).toMatchObject({ is: 'done' });
  expect(own().holds).toEqual([]);
});

test('an agent whose clock was set back asks again behind what it asked before, and is served', async () => {
  const replica = await scene.replica();
  expect(await arrives(replica, bring(), Date.now() + HOUR_MS)).toMatchObject({ is: 'done' });
  const agent = scene.agent('node-1');
  await agent.unassign(own().id, [ip], 'housekeeping');
  expect(own().holds).toEqual([]);
  await agent.bring({ nic: own().id, address: ip }, 'pod');
  expect(scene.asked).toEqual(['bring done', 'unassign busy', 'unassign done', 'bring done']);
});

test('what is overtaken again and again fails as busy after four tries, each behind what overtook the last', async () => {
  const orders: number[] = [];
  const agent = new RemoteProvider({
    beacon: async () => ({ at: { host: '127.0.0.1', port: 1 }, certificates: '' }),
    token: () => 'node-1',
    clock: { ...quick, now: () => 1_000 },
    random: seeded(3),
    onCall: () => {},
    carrier: {
      post: async (_to, _token, text) => {
        const { order = 0 } = readQuestion(text);
        orders.push(order);
        const failure = { kind: 'busy', action: 'controller', code: 'Overtaken', message: 'ask again' } as const;
        return writeAnswer({ is: 'failed', failure: { ...failure, newest: order + 10 } });
      },
      close: () => {},
    },
  });
  await expect(agent.bring({ nic: own().id, address: ip }, 'pod')).rejects.toMatchObject({ kind: 'busy' });
  expect(orders).toEqual([1_000, 1_011, 1_022, 1_033]);
});
