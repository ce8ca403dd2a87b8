import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../../base/ip.ts';
import { NODES } from '../../../wire/kube/resource.ts';
import type { NicId, Token } from '../../../core/ipam/nic.ts';
import type { FakeProvider } from '../../../io/cloud/fake-provider.ts';
import { providerCases } from '../../../io/cloud/provider-cases.ts';
import { newKeys } from './shown.ts';
import { BrokerScene, held as heldIn, newToken as token, ownNic, quick, TWO } from './testing/broker-scene.ts';

let scene: BrokerScene;
let cloud: FakeProvider;

beforeEach(() => {
  scene = new BrokerScene();
  cloud = scene.node('node-1', 'i-01', '10.0.0.0/20');
});
afterEach(() => scene.close());

const own = (of = cloud) => ownNic(of);

const held = (kind: 'assign' | 'createNic') => heldIn(cloud, kind);

describe('the door to a cloud, over HTTPS and a controller', () => {
  test.each(providerCases)('$name', async ({ run }) => {
    await scene.replica();
    await run({ provider: scene.agent('node-1'), patienceMs: 100 });
  });
});

describe('each node only for itself (A86)', () => {
  test('A47: a node names a NICConfig and nothing else: what it says the controller looks up itself', async () => {
    await scene.replica();
    const agent = scene.agent('node-1');
    const byName = () => agent.createNic({ ...TWO, config: 'zone-a' }, token(), 'pod');
    await expect(byName()).rejects.toMatchObject({ kind: 'gone', code: 'NoNicConfig' });
    const place = { name: 'zone-a', subnet: 'subnet-1', groups: ['sg-1'] };
    scene.places.push(place);
    expect(await byName()).toMatchObject({ config: 'zone-a' });
    expect(cloud.ordered.map((it) => it.place)).toEqual([place]);
    expect(scene.asked.filter((it) => it.startsWith('createBy'))).toEqual(['createBy gone', 'createBy done']);
  });

  test('a NIC of another node is as if it were not there, and nothing of it changes', async () => {
    const other = scene.node('node-2', 'i-02', '10.0.16.0/20');
    await scene.replica();
    // in this cloud each instance numbers its NICs anew: one that only the other has
    const nic = await other.createNic({ ...TWO, count: 3 }, 'theirs' as Token);
    const before = JSON.stringify(other.cloud.report());
    const agent = scene.agent('node-1');
    await expect(agent.assign({ ...TWO, nic: nic.id }, token(), 'pod')).rejects.toMatchObject({ kind: 'gone' });
    await agent.unassign(nic.id, nic.addresses, 'housekeeping');
    await agent.deleteNic(nic.id, 'housekeeping');
    expect(JSON.stringify(other.cloud.report())).toBe(before);
  });

  test("an address is taken off another's NIC only by who was given the right to it, and off no NIC of a node that is well", async () => {
    const other = scene.node('node-2', 'i-02', '10.0.16.0/20');
    await scene.replica();
    const theirs = own(other).id;
    const left = (await other.createNic({ ...TWO, count: 3 }, 'theirs' as Token)).id;
    const [mine, theOther] = [scene.agent('node-1'), scene.agent('node-2')];
    const ip = address('10.0.0.99');
    const bring = (from: NicId) => mine.bring({ nic: own().id, address: ip, from }, 'pod');
    await bring(left);
    scene.rights.add(`node-1 ${ip} ${left}`);
    await mine.unassign(own().id, [ip], 'housekeeping');
    await bring(left);
    await theOther.reportNics({ sure: true }); // now it is known whose that is
    await mine.unassign(own().id, [ip], 'housekeeping');
    await bring(left);
    expect(scene.brought.map(({ from }) => from)).toEqual([undefined, left, undefined]);
    expect(theirs).not.toBe(left);
  });

  test('what a node was opened for stays open while its Node says other things', async () => {
    await scene.replica();
    const agent = scene.agent('node-1');
    await agent.limits();
    scene.store.patch({ resource: NODES, name: 'node-1' }, 'merge', { status: { conditions: [] } });
    await agent.reportNics({ sure: true });
    expect(scene.opened).toEqual(['i-01']);
  });

  test.for([
    ['has ended', { authentic: false, error: 'token has expired' }, /token has expired/],
    ['is of another account', { user: 'system:serviceaccount:default:web' }, /is not system/],
    ['is for the API server', { audiences: ['https://kubernetes'] }, /berth\.dev\/controller/],
    ['speaks for a node that is not there', { node: 'node-9' }, /there is no Node node-9/],
  ] as const)('a token that %s gets nothing, and is told why', async ([, part, message]) => {
    const good = scene.tokens.get('node-1');
    if (good === undefined) throw new Error('no token');
    scene.tokens.set('bad', { ...good, ...part });
    await scene.replica();
    const asked = scene
      .agent('node-1', { token: 'bad', patienceMs: 20 })
      .assign({ ...TWO, nic: own().id }, token(), 'pod');
    await expect(asked).rejects.toMatchObject({ kind: 'denied', message: expect.stringMatching(message) as string });
    expect(own().holds).toEqual([]);
  });

  test('two nodes that say they are one instance both get nothing', async () => {
    scene.node('liar', 'i-01', '10.0.32.0/20');
    await scene.replica();
    const asked = scene.agent('liar').limits();
    await expect(asked).rejects.toMatchObject({ kind: 'denied', code: 'shared-instance' });
    expect(scene.asked).toEqual(['limits shared-instance']);
  });
});

describe('once, whatever is lost', () => {
  test('an answer that was lost is given again by the same replica: same token, same addresses', async () => {
    const replica = await scene.replica();
    const agent = scene.agent('node-1');
    await agent.limits();
    replica.way.deafen();
    const { asked, goOn } = held('assign');
    const given = agent.assign({ ...TWO, nic: own().id }, token(), 'pod');
    await asked;
    goOn();
    await expect.poll(() => own().holds.length).toBe(2);
    replica.way.break();
    expect([...(await given).addresses].toSorted()).toEqual([...own().holds].toSorted());
    expect(own().holds.length).toBe(2);
  });

  test('the replica is killed behind an assign: the next one finds what was given, and asks for no more', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1');
    await agent.reportNics({ sure: true });
    first.way.deafen();
    const given = agent.assign({ ...TWO, nic: own().id }, token(), 'pod');
    await expect.poll(() => own().holds.length).toBe(2);
    scene.lead(second);
    await first.way.close();
    const { addresses, doubtful } = await given;
    expect([addresses.toSorted(), doubtful]).toEqual([[...own().holds].toSorted(), true]);
  });

  test('the replica is killed before an assign reaches the cloud: the next one does it', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1');
    await agent.reportNics({ sure: true });
    const { asked, goOn } = held('assign');
    const given = agent.assign({ ...TWO, nic: own().id }, token(), 'pod');
    await asked;
    scene.lead(second);
    await first.way.close();
    expect((await given).addresses.length).toBe(2);
    goOn(); // it was not dead, only away: what it was about to ask it asks no more
    await expect.poll(() => first.desk.running).toBe(0);
    expect(own().holds.length).toBe(2);
  });

  test('a NIC that was being made when the replica was killed is made once', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1');
    await agent.limits();
    const { asked, goOn } = held('createNic');
    const made = agent.createNic(TWO, token(), 'pod');
    await asked;
    scene.lead(second);
    await first.way.close();
    goOn();
    await made;
    await expect.poll(() => first.desk.running).toBe(0);
    expect(cloud.cloud.report().length).toBe(2);
  });

  test('what takes long is worked on once, while the agent is told so and waits', async () => {
    await scene.replica();
    const agent = scene.agent('node-1');
    const { asked, goOn } = held('createNic');
    const made = agent.createNic(TWO, token(), 'pod');
    await asked;
    await expect.poll(() => scene.asked.filter((it) => it === 'create pending').length).toBeGreaterThan(2);
    goOn();
    await made;
    expect([cloud.cloud.calls.createNic, cloud.cloud.report().length]).toEqual([1, 2]);
  });

  test('what the cloud refused is told as it said it, and tried again when it is asked again', async () => {
    await scene.replica();
    const agent = scene.agent('node-1');
    cloud.cloud.dry = true;
    const same = token();
    const asked = () => agent.assign({ ...TWO, nic: own().id }, same, 'pod');
    await expect(asked()).rejects.toMatchObject({ kind: 'exhausted', subnet: 'subnet-a' });
    cloud.cloud.dry = false;
    expect((await asked()).addresses.length).toBe(2);
  });
});

describe('where the controller is', () => {
  test('a replica that does not lead sends nobody to the cloud; the beacon tells who does', async () => {
    const [first, second] = [await scene.replica(), await scene.replica()];
    const agent = scene.agent('node-1');
    await agent.reportNics({ sure: true });
    scene.lead(second);
    scene.beacon = scene.beaconOf(first); // late
    const given = agent.assign({ ...TWO, nic: own().id }, token(), 'pod');
    await expect.poll(() => scene.asked.includes('none not-leader')).toBe(true);
    scene.lead(second);
    expect((await given).addresses.length).toBe(2);
    expect(own().holds.length).toBe(2);
  });

  test('another certificate is trusted once the beacon says so, and none before', async () => {
    const replica = await scene.replica();
    const agent = scene.agent('node-1');
    await agent.reportNics({ sure: true });
    const keys = newKeys(quick).keys;
    replica.server.show(keys);
    replica.way.break();
    const asked = scene.agent('node-1', { patienceMs: 50 }).reportNics({ sure: true });
    await expect(asked).rejects.toMatchObject({
      kind: 'away',
      message: expect.stringMatching(/certificate/) as string,
    });
    if (scene.beacon !== undefined) scene.beacon = { ...scene.beacon, certificates: keys.certificate };
    expect((await agent.reportNics({ sure: true })).length).toBe(1);
  });

  test('where it is is asked once, not for each question', async () => {
    await scene.replica();
    const agent = scene.agent('node-1');
    for (let i = 0; i < 5; i++) await agent.reportNics({ sure: true });
    expect(scene.beaconAsked).toBe(1);
  });

  test('nobody answers: it is away, and that is said with why', async () => {
    const agent = scene.agent('node-1', { patienceMs: 20 });
    await expect(agent.reportNics({ sure: true })).rejects.toMatchObject({
      kind: 'away',
      code: 'ControllerAway',
      message: 'the controller does not answer: there is no ConfigMap berth-broker',
    });
  });
});
