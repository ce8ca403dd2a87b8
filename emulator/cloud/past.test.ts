import { expect, test } from 'vitest';
import type { Answer } from './answer.ts';
import { RULES, Stage } from './testing/stage.ts';

test('a NIC just made is missing from a Describe for a while, and is there for what is done to it (A43)', () => {
  const stage = new Stage({ delays: { ...RULES.delays, describe: [500, 500] } });
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.nic(subnet);
  const all = () => stage.views({ do: 'describe', kind: 'nic' });
  const byId = { do: 'describe', kind: 'nic', ids: [nic.id] } as const;
  expect(all()).toEqual([]);
  expect(stage.fault(byId)).toEqual({ why: 'not-found', kind: 'nic', id: nic.id });
  stage.ask('assigned', { do: 'assign', nic: nic.id, addresses: { count: 1 } });
  stage.pass(500);
  expect(all()).toMatchObject([{ nic: stage.nicNow(nic.id) }]);
  stage.ask('done', { do: 'delete-nic', nic: nic.id });
  expect(all()).toHaveLength(1);
  stage.pass(500);
  expect(all()).toEqual([]);
  expect(stage.cloud.pastNics.size).toBe(0);
});

test('a Describe never goes back in time, whatever the delays', () => {
  const stage = new Stage({ delays: { ...RULES.delays, describe: [0, 3000] } });
  const nic = stage.nic(stage.subnet(stage.vpc()));
  let seen = -1;
  for (let i = 0; i < 200; i++) {
    if (i < 100) stage.ask('done', { do: 'modify-nic', nic: nic.id, description: String(i) });
    stage.pass(50);
    const [view] = stage.views({ do: 'describe', kind: 'nic' });
    const said = view?.kind === 'nic' ? Number(view.nic.description) : -1;
    expect(said).toBeGreaterThanOrEqual(seen);
    seen = said;
  }
  expect(seen).toBe(99);
});

test('what happens by itself is seen late too', () => {
  const stage = new Stage({ delays: { ...RULES.delays, describe: [500, 500] } });
  stage.instance(stage.subnet(stage.vpc()));
  const seen = () => stage.views({ do: 'describe', kind: 'instance' });
  expect([...stage.cloud.instances.values()]).toMatchObject([{ state: 'running' }]);
  expect(seen()).toMatchObject([{ instance: { state: 'pending' }, nics: [{ nic: { state: 'attaching' } }] }]);
  stage.pass(500);
  expect(seen()).toMatchObject([{ instance: { state: 'running' }, nics: [{ nic: { state: 'in-use' } }] }]);
});

test('what is gone and still seen stands at its place among the others, page by page', () => {
  const stage = new Stage({ delays: { ...RULES.delays, describe: [500, 500] } });
  const subnet = stage.subnet(stage.vpc());
  for (let i = 0; i < 6; i++) stage.nic(subnet);
  stage.pass(500);
  const ids = [...stage.cloud.nics.keys()];
  for (const at of [0, 2, 3, 5]) stage.ask('done', { do: 'delete-nic', nic: ids[at] ?? subnet.id });
  const seen: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const answer: Extract<Answer, { readonly is: 'views' }> = stage.ask('views', {
      do: 'describe',
      kind: 'nic',
      page: { size: 1, after },
    });
    seen.push(...answer.views.map((it) => (it.kind === 'nic' ? it.nic.id : '')));
    after = answer.next;
  }
  expect(seen).toEqual(ids);
  stage.pass(500);
  expect(stage.views({ do: 'describe', kind: 'nic' })).toHaveLength(2);
});
