import { expect, test } from 'vitest';
import { load, save, SnapshotError } from './snapshot.ts';
import { withTrouble } from './strike.ts';
import { RULES, Stage } from './testing/stage.ts';

/** A cloud with something of everything in it. */
function fullStage(): Stage {
  const stage = new Stage({
    jobs: true,
    buckets: { all: { capacity: 100, perSecond: 1 } },
    delays: { ...RULES.delays, describe: [500, 900] },
  });
  const vpc = stage.vpc('10.0.0.0/16', true);
  const subnet = stage.subnet(vpc);
  stage.pass(1000);
  const instance = stage.instance(subnet);
  const nic = stage.nic(subnet, { prefixes: { count: 1 } });
  stage.ask('attached', { do: 'attach-nic', nic: nic.id, instance: instance.id });
  stage.made('nat', { do: 'create-nat', subnet: subnet.id, tags: { a: 'b' } }, { token: 'nat' });
  const { gateway } = stage.made('gateway', { do: 'create-gateway', tags: {} });
  stage.ask('done', { do: 'attach-gateway', gateway: gateway.id, vpc: vpc.id });
  const scope = { instance: instance.id };
  for (const what of [
    { kind: 'lag', viewer: 'metadata', byMs: 5 },
    { kind: 'hide', viewer: 'describe', nic: nic.id },
    { kind: 'exhaust', of: 'prefix' },
  ] as const)
    stage.cloud = withTrouble(stage.cloud, { name: what.kind, what, scope, left: 3, chance: 0.5, until: 9e9 }).cloud;
  return stage;
}

test('everything is saved, and loaded as it was', () => {
  const { cloud } = fullStage();
  const text = save(cloud);
  const loaded = load(text, cloud.rules);
  expect(JSON.parse(save(loaded))).toEqual(JSON.parse(text));
  for (const field of ['spaces', 'nicsOf', 'attachments', 'publics', 'lately'] as const)
    expect([...loaded[field].keys()]).toEqual([...cloud[field].keys()]);
  expect(JSON.parse(text)).toMatchObject({ format: 1, troubles: [{}, {}, {}], tokens: [[expect.anything(), {}]] });
});

type Json = { [key: string]: Json } & Json[];

/** The snapshot with one place changed. */
function spoilt(change: (json: Json) => void): () => unknown {
  const { cloud } = fullStage();
  const json = JSON.parse(save(cloud)) as Json;
  change(json);
  return () => load(JSON.stringify(json), cloud.rules);
}

test('what is wrong with a snapshot is told with its place', () => {
  const put = (it: Json | undefined, key: string | number, value: unknown): void => {
    if (it === undefined) throw new Error('no such place');
    (it as Record<string | number, unknown>)[key] = value;
  };
  const cases: readonly (readonly [(json: Json) => void, string])[] = [
    [(it) => put(it, 'format', 2), 'snapshot.format: one of 1 is wanted, not 2'],
    [(it) => put(it, 'dialect', 'ucloud'), 'snapshot.dialect: aws is wanted, not ucloud'],
    [(it) => put(it, 'nics', {}), 'snapshot.nics: a list is wanted, not {}'],
    [(it) => put(it['nics']?.[0], 'mac', 'x'), 'snapshot.nics[0].mac: not a MAC address: x, not "x"'],
    [(it) => put(it['nics']?.[0], 'state', 'lost'), 'snapshot.nics[0].state: one of available'],
    [
      (it) => put(it['nics']?.[0], 'colour', 'red'),
      'snapshot.nics[0].colour: nothing of this name is known, not "red"',
    ],
    [(it) => put(it['nics']?.[0], 'createdAt', null), 'snapshot.nics[0].createdAt: a number is wanted, not null'],
    [(it) => put(it['nics']?.[0], 'tags', { a: 1 }), 'snapshot.nics[0].tags.a: a text is wanted, not 1'],
    [(it) => put(it['nics']?.[0], 'tags', []), 'snapshot.nics[0].tags: an object is wanted, not []'],
    [(it) => put(it['nics']?.[0]?.['addresses'], 0, '10.0.00.1'), 'snapshot.nics[0].addresses[0]: not an IP address'],
    [(it) => put(it['nics']?.[0]?.['addresses'], 0, '10.0.9.9'), 'which is outside of 10.0.0.0/24'],
    [(it) => put(it['nics']?.[0], 'subnet', 'gone'), 'is in the subnet gone, which is not there'],
    [
      (it) => put(it['vpcs']?.[0]?.['ranges'], 0, '10.0.0.1/16'),
      'snapshot.vpcs[0].ranges[0]: 10.0.0.1/16 has host bits',
    ],
    [(it) => put(it['instances']?.[0], 'tokensRequired', 'no'), 'snapshot.instances[0].tokensRequired: true or false'],
    [(it) => put(it['dues']?.[0]?.[1], 'do', 'explode'), 'snapshot.dues[0][1].do: one of attach, detach, run'],
    [(it) => put(it['dues'], 0, [1]), 'snapshot.dues[0]: a pair is wanted, not [1]'],
    [(it) => put(it['troubles']?.[0]?.['what'], 'kind', 'toString'), 'snapshot.troubles[0].what.kind: one of throttle'],
    [(it) => it['nics']?.push(it['nics'][0] as Json), 'is there twice'],
  ];
  for (const [change, words] of cases) {
    expect(spoilt(change)).toThrow(SnapshotError);
    expect(spoilt(change)).toThrow(words);
  }
});

test('an address on two NICs is not loaded', () => {
  const twins = spoilt((json) => {
    const nic = json['nics']?.[0];
    if (nic === undefined) throw new Error('no NIC');
    json['nics']?.push(Object.assign({}, nic, { id: 'nic-zzz' }) as unknown as Json);
  });
  expect(twins).toThrow(/nic-zzz has 10\.0\.0\.\d+, which nic-\w+ has/);
});

test('what is no JSON is no snapshot', () => {
  expect(() => load('{', RULES)).toThrow(new SnapshotError('snapshot: not JSON'));
  expect(() => load('[]', RULES)).toThrow('snapshot: an object is wanted, not []');
});
