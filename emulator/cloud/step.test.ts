import { expect, test } from 'vitest';
import { nextDue } from './due.ts';
import type { Id } from './nouns.ts';
import { withoutTrouble, withTrouble } from './strike.ts';
import { Stage } from './testing/stage.ts';
import type { Trouble } from './trouble.ts';

function troubled(stage: Stage, trouble: Omit<Trouble, 'name' | 'scope'> & Partial<Trouble>): void {
  stage.cloud = withTrouble(stage.cloud, { name: 'bad', scope: {}, ...trouble }).cloud;
}

test('the same token and parameters make one NIC, however often (A26)', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const ask = { do: 'create-nic', subnet: subnet.id } as const;
  const first = stage.made('nic', ask, { token: 't' });
  stage.ask('done', { do: 'set-tags', ids: [first.nic.id], tags: { a: 'b' } });
  const again = stage.made('nic', ask, { token: 't' });
  expect(again.nic).toEqual({ ...first.nic, tags: { a: 'b' } });
  troubled(stage, { what: { kind: 'exhaust', of: 'address' } }); // nothing more is needed
  expect(stage.made('nic', ask, { token: 't' }).nic.id).toBe(first.nic.id);
  stage.cloud = withoutTrouble(stage.cloud, 'bad').cloud;
  expect(stage.cloud.nics.size).toBe(1);
  expect(stage.fault({ ...ask, description: 'x' }, { token: 't' })).toEqual({ why: 'token-mismatch', token: 't' });
  expect(stage.made('nic', ask, { token: 't', account: 'other' }).nic.id).not.toBe(first.nic.id);
});

test('a token whose NIC is gone makes no other one, until it is forgotten', () => {
  const stage = new Stage({ tokenLifeMs: 10_000 });
  const subnet = stage.subnet(stage.vpc());
  const ask = { do: 'create-nic', subnet: subnet.id } as const;
  const { nic } = stage.made('nic', ask, { token: 't' });
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  expect(stage.fault(ask, { token: 't' })).toMatchObject({ why: 'not-found', id: nic.id });
  stage.pass(10_000);
  expect(stage.made('nic', ask, { token: 't' }).nic.id).not.toBe(nic.id);
});

test('a call that failed may be tried again with its token', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc(), '10.0.0.0/28');
  const hog = stage.nic(subnet, { addresses: { count: 10 } });
  const ask = { do: 'create-nic', subnet: subnet.id } as const;
  expect(stage.fault(ask, { token: 't' })).toMatchObject({ why: 'subnet-empty' });
  stage.ask('done', { do: 'delete-nic', nic: hog.id });
  stage.made('nic', ask, { token: 't' });
});

test('instances that are asked for are counted one by one, beside the calls; a call that is too much takes nothing', () => {
  const resources = { capacity: 5, perSecond: 1 };
  const buckets = { RunInstances: { capacity: 4, perSecond: 0 }, 'RunInstances resources': resources };
  const stage = new Stage({ buckets });
  const subnet = stage.subnet(stage.vpc());
  const run = (most: number) => {
    const nics = [{ device: 0, subnet: subnet.id }];
    const request = { do: 'run-instances', least: 1, most, type: 'plain', nics, tags: {} } as const;
    const { reply } = stage.step(request, { action: 'RunInstances' });
    return 'fault' in reply ? reply.fault : reply.answer.is;
  };
  expect(run(3)).toBe('launched');
  expect(run(3)).toEqual({ why: 'throttled', action: 'RunInstances', bucket: 'RunInstances resources' });
  expect(run(2)).toBe('launched'); // what was refused took nothing
  stage.pass(2_000);
  expect([run(2), run(1)]).toEqual(['launched', expect.objectContaining({ bucket: 'RunInstances resources' })]);
  stage.pass(9_000);
  expect([run(1), run(1)]).toEqual(['launched', expect.objectContaining({ bucket: 'RunInstances' })]);
});

test('a bucket gives its tokens and then one a while; the action has its own, or shares that of its group', () => {
  const buckets = { all: { capacity: 3, perSecond: 1 }, Own: { capacity: 1, perSecond: 10 } };
  const stage = new Stage({ buckets });
  const look = (call = {}) => stage.step({ do: 'describe', kind: 'vpc' }, { action: 'Look', ...call }).reply;
  expect([look(), look(), look()].every((it) => 'answer' in it)).toBe(true);
  expect(look()).toEqual({ fault: { why: 'throttled', action: 'Look', bucket: 'all' } });
  expect(look({ action: 'Own' })).toHaveProperty('answer');
  expect(look({ action: 'Own' })).toMatchObject({ fault: { why: 'throttled', bucket: 'Own' } });
  expect(look({ account: 'other' })).toHaveProperty('answer');
  expect(look({ outside: true })).toHaveProperty('answer');
  stage.now += 999;
  expect(look()).toHaveProperty('fault');
  stage.now += 1;
  expect(look()).toHaveProperty('answer');
  expect(look()).toHaveProperty('fault');
  stage.now += 60_000;
  expect([look(), look(), look(), look()].filter((it) => 'fault' in it)).toHaveLength(1);
});

test('a dry run changes nothing', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  expect(stage.fault({ do: 'create-nic', subnet: subnet.id }, { dryRun: true })).toEqual({ why: 'dry-run' });
  expect(stage.cloud.nics.size).toBe(0);
});

test('troubles: throttled, denied, broken, hanging, slow', () => {
  const stage = new Stage();
  stage.vpc();
  const look = () => stage.step({ do: 'describe', kind: 'vpc' });
  troubled(stage, { what: { kind: 'throttle' } });
  expect(look().reply).toMatchObject({ fault: { why: 'throttled' } });
  troubled(stage, { what: { kind: 'deny' } });
  expect(look().reply).toMatchObject({ fault: { why: 'denied', action: 'describe' } });
  troubled(stage, { what: { kind: 'error', status: 503 } });
  expect(look().reply).toEqual({ fault: { why: 'unavailable', status: 503 } });
  troubled(stage, { what: { kind: 'hang' } });
  expect(look().delivery).toEqual({ how: 'never' });
  troubled(stage, { what: { kind: 'slow', byMs: 70 } });
  expect(look()).toMatchObject({ delivery: { how: 'late', byMs: 70 }, reply: { answer: { is: 'views' } } });
  stage.cloud = withoutTrouble(stage.cloud, 'bad').cloud;
  expect(look()).toMatchObject({ delivery: { how: 'at-once' }, reply: { answer: { is: 'views' } } });
});

test('a lost answer: it is done, and the same token finds it', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  troubled(stage, { what: { kind: 'lose' }, left: 1 });
  const ask = { do: 'create-nic', subnet: subnet.id } as const;
  const lost = stage.step(ask, { token: 't' });
  expect(lost.delivery).toEqual({ how: 'cut' });
  expect(stage.cloud.nics.size).toBe(1);
  const again = stage.step(ask, { token: 't' });
  expect(again.delivery).toEqual({ how: 'at-once' });
  expect(again.reply).toEqual(lost.reply);
});

test('a trouble strikes its scope only, as often as it may, and until its time is over', () => {
  const stage = new Stage();
  const vpc = stage.vpc();
  const [here, there] = [stage.subnet(vpc), stage.subnet(vpc, '10.0.1.0/24')];
  const create = (subnet: Id) => stage.step({ do: 'create-nic', subnet }).reply;
  troubled(stage, { what: { kind: 'deny' }, scope: { subnet: here.id, action: 'create-nic' }, left: 2 });
  expect(create(there.id)).toHaveProperty('answer');
  expect([create(here.id), create(here.id)].every((it) => 'fault' in it)).toBe(true);
  expect(create(here.id)).toHaveProperty('answer');
  troubled(stage, { what: { kind: 'deny' }, until: stage.now + 100 });
  stage.now += 99;
  expect(create(here.id)).toHaveProperty('fault');
  stage.now += 1;
  expect(create(here.id)).toHaveProperty('answer');
  expect(stage.cloud.troubles).toEqual([]);
});

test('a trouble of an instance strikes what is asked about it, and what it asks', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const [one, two] = [stage.instance(subnet), stage.instance(subnet)];
  const [mine, other] = [stage.attachedNic(one, subnet), stage.attachedNic(two, subnet)];
  troubled(stage, { what: { kind: 'throttle' }, scope: { instance: one.id } });
  const assign = (nic: Id, call = {}) =>
    'fault' in stage.step({ do: 'assign', nic, addresses: { count: 1 } }, call).reply;
  expect(assign(mine.id)).toBe(true);
  expect(assign(other.id)).toBe(false);
  expect(assign(other.id, { from: one.id })).toBe(true);
});

test('a subnet that is said to be empty refuses addresses or prefixes, whatever is free (A42)', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const single = { do: 'assign', nic: nic.id, addresses: { count: 2 } } as const;
  const block = { do: 'assign', nic: nic.id, prefixes: { count: 1 } } as const;
  troubled(stage, { what: { kind: 'exhaust', of: 'prefix' }, scope: { subnet: subnet.id } });
  expect(stage.fault(block)).toMatchObject({ why: 'no-free-prefix', wanted: 1, free: 0, freeAddresses: 250 });
  stage.ask('assigned', single);
  troubled(stage, { what: { kind: 'exhaust', of: 'address' }, scope: { subnet: subnet.id } });
  expect(stage.fault(single)).toMatchObject({ why: 'subnet-empty', wanted: 2, free: 1 });
  stage.ask('assigned', block);
  const launch = { do: 'run-instances', least: 1, most: 1, type: 'plain', tags: {} } as const;
  expect(stage.fault({ ...launch, nics: [{ device: 0, subnet: subnet.id }] })).toMatchObject({ why: 'subnet-empty' });
});

test('an instance that is said to be full refuses NICs or addresses', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const nic = stage.attachedNic(instance, subnet);
  troubled(stage, { what: { kind: 'limit', of: 'addresses' } });
  const assign = { do: 'assign', nic: nic.id, addresses: { count: 1 } } as const;
  expect(stage.fault(assign)).toMatchObject({ why: 'address-limit', limit: 1, has: 1, wanted: 1 });
  const attach = { do: 'attach-nic', nic: stage.nic(subnet).id, instance: instance.id } as const;
  troubled(stage, { what: { kind: 'limit', of: 'nics' } });
  expect(stage.fault(attach)).toMatchObject({ why: 'nic-limit', limit: 2 });
});

test('what is done from outside is stopped by nothing but the state: a NIC goes, an address comes (A44, A45)', () => {
  const stage = new Stage({ buckets: { all: { capacity: 20, perSecond: 0 } } });
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const nic = stage.attachedNic(instance, subnet);
  troubled(stage, { what: { kind: 'deny' } });
  const outside = { outside: true, account: 'somebody' } as const;
  stage.ask('assigned', { do: 'assign', nic: nic.id, addresses: { count: 1 } }, outside);
  expect(stage.nicNow(nic.id).addresses).toHaveLength(2);
  const detach = { do: 'detach-nic', of: { nic: nic.id }, force: true } as const;
  expect(stage.fault(detach)).toMatchObject({ why: 'denied' });
  const { touched } = stage.step(detach, outside);
  expect(touched).toContainEqual({ kind: 'instance', id: instance.id });
  expect(stage.nicNow(nic.id).state).toBe('available');
});

test('the next thing that happens by itself is known, the end of a trouble among them', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  expect(nextDue(stage.cloud)).toBeUndefined();
  stage.ask('attached', { do: 'attach-nic', nic: stage.nic(subnet).id, instance: instance.id });
  expect(nextDue(stage.cloud)).toBe(stage.now + 1000);
  troubled(stage, { what: { kind: 'deny' }, until: stage.now + 300 });
  expect(nextDue(stage.cloud)).toBe(stage.now + 300);
  stage.pass(1000);
  expect(nextDue(stage.cloud)).toBeUndefined();
});

test('a step does first what was due before it', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const instance = stage.instance(subnet);
  const nic = stage.nic(subnet);
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  stage.now += 1000; // nobody let the time pass
  const { touched } = stage.step({ do: 'describe', kind: 'vpc' });
  expect(touched).toContainEqual({ kind: 'nic', id: nic.id });
  expect(stage.nicNow(nic.id).state).toBe('in-use');
});

test('a job that is made to fail works, and then has failed', () => {
  const stage = new Stage({ jobs: true });
  const subnet = stage.subnet(stage.vpc());
  const [instance, nic] = [stage.instance(subnet), stage.nic(subnet)];
  troubled(stage, { what: { kind: 'fail-job' }, left: 1 });
  const { job } = stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  const jobs = () => stage.views({ do: 'describe', kind: 'job', ids: [job ?? ('' as Id)] });
  expect(jobs()).toMatchObject([{ job: { state: 'working' } }]);
  stage.pass(1000);
  expect(jobs()).toMatchObject([{ job: { state: 'failed' } }]);
  expect(stage.nicNow(nic.id).state).toBe('available');
});

test('cutting a zone off is something that the world must make true, and so is its end', () => {
  const stage = new Stage();
  const cut: Trouble = { name: 'cut', what: { kind: 'cut', zone: 'one' }, scope: {}, until: stage.now + 1000 };
  const made = withTrouble(stage.cloud, cut);
  expect(made.touched).toEqual([{ kind: 'zone', id: 'one' }]);
  stage.cloud = made.cloud;
  expect(stage.pass(1000)).toEqual([{ kind: 'zone', id: 'one' }]);
});

test('quotas count what there is', () => {
  const quotas = { vpcs: 1, subnetsPerVpc: 1, nics: 2, instances: 1, groupsPerVpc: 2, groupsPerNic: 1 };
  const stage = new Stage({ quotas });
  const vpc = stage.vpc();
  const subnet = stage.subnet(vpc);
  const another = { do: 'create-vpc', range: vpc.ranges[0] ?? subnet.v4, v6: false, tags: {} } as const;
  expect(stage.fault(another)).toEqual({ why: 'quota', of: 'vpcs', limit: 1 });
  stage.nic(subnet);
  stage.nic(subnet);
  expect(stage.fault({ do: 'create-nic', subnet: subnet.id })).toEqual({ why: 'quota', of: 'nics', limit: 2 });
});
