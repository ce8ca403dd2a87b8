import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lawsBroken } from './laws.ts';
import type { Id, NicState } from './nouns.ts';
import { load, save } from './snapshot.ts';
import { MOVES, type Move, requestOf, smallStage } from './testing/drive.ts';
import { Stage } from './testing/stage.ts';

const move: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom(...MOVES),
  who: fc.nat(50),
  whom: fc.nat(50),
  many: fc.nat(11),
});
const lives = fc.record({ seed: fc.nat(), moves: fc.array(move, { minLength: 20, maxLength: 120 }) });

/** Makes a move, and answers what came of it. */
function makeMove(stage: Stage, it: Move): unknown {
  if (it.what === 'pass') return stage.pass(50 + 100 * it.many);
  const request = requestOf(stage, it);
  return request && stage.step(request).reply;
}

test('whatever is asked and whenever, the laws hold: no address twice, none outside, slots and places within limits', () => {
  let done = 0;
  fc.assert(
    fc.property(lives, ({ seed, moves }) => {
      const stage = smallStage(seed);
      for (const it of moves) {
        const reply = makeMove(stage, it);
        if (typeof reply === 'object' && reply !== null && 'answer' in reply) done++;
        expect(lawsBroken(stage.cloud)).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
  expect(done).toBeGreaterThan(500); // the lives are not made of refusals
});

const NEXT: Readonly<Record<NicState | 'gone', readonly (NicState | 'gone')[]>> = {
  gone: ['available', 'attaching'], // made, or made at launch
  available: ['attaching', 'gone'],
  attaching: ['in-use', 'detaching', 'available', 'gone'],
  'in-use': ['detaching', 'available', 'gone'],
  detaching: ['available', 'in-use', 'gone'],
};

function expectLegal(stage: Stage, happen: () => unknown): void {
  const before = stage.cloud.nics;
  happen();
  const after = stage.cloud.nics;
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const was: NicState | 'gone' = before.get(id)?.state ?? 'gone';
    const is: NicState | 'gone' = after.get(id)?.state ?? 'gone';
    if (was !== is) expect(NEXT[was]).toContain(is);
  }
}

test('a NIC goes from state to state only where a way leads', () => {
  fc.assert(
    fc.property(lives, ({ seed, moves }) => {
      const stage = smallStage(seed);
      for (const it of moves) {
        expectLegal(stage, () => stage.pass(it.what === 'pass' ? 50 + 20 * it.many : 0));
        if (it.what !== 'pass') expectLegal(stage, () => makeMove(stage, it));
      }
    }),
    { numRuns: 60 },
  );
});

test('a NIC that is not touched has not changed', () => {
  fc.assert(
    fc.property(lives, ({ seed, moves }) => {
      const stage = smallStage(seed);
      for (const it of moves) {
        const before = stage.cloud;
        const request = requestOf(stage, it);
        const touched = request === undefined ? stage.pass(300) : stage.step(request).touched;
        const named = new Set(touched.map(({ kind, id }) => `${kind} ${id}`));
        const ids = new Set<Id>([...before.nics.keys(), ...stage.cloud.nics.keys()]);
        for (const id of ids)
          if (before.nics.get(id) !== stage.cloud.nics.get(id)) expect(named).toContain(`nic ${id}`);
        for (const [id, instance] of stage.cloud.instances)
          if (before.instances.get(id) !== instance) expect(named).toContain(`instance ${id}`);
      }
    }),
    { numRuns: 40 },
  );
});

test('the same seed and moves make the same cloud and the same answers', () => {
  fc.assert(
    fc.property(lives, ({ seed, moves }) => {
      const [one, two] = [smallStage(seed), smallStage(seed)];
      for (const it of moves) expect(makeMove(one, it)).toEqual(makeMove(two, it));
      expect(save(one.cloud)).toBe(save(two.cloud));
    }),
    { numRuns: 30 },
  );
});

test('a cloud saved and loaded goes on as if nothing had been', () => {
  fc.assert(
    fc.property(lives, ({ seed, moves }) => {
      const stage = smallStage(seed);
      const half = Math.floor(moves.length / 2);
      for (const it of moves.slice(0, half)) makeMove(stage, it);
      const copy = new Stage({}, seed + 1);
      const same = new Stage({}, seed + 1);
      [copy.cloud, copy.now] = [load(save(stage.cloud), stage.cloud.rules), stage.now];
      [same.cloud, same.now] = [stage.cloud, stage.now];
      expect(JSON.parse(save(copy.cloud))).toEqual(JSON.parse(save(stage.cloud)));
      expect(lawsBroken(copy.cloud)).toEqual([]);
      for (const it of moves.slice(half)) expect(makeMove(copy, it)).toEqual(makeMove(same, it));
      expect(JSON.parse(save(copy.cloud))).toEqual(JSON.parse(save(same.cloud)));
    }),
    { numRuns: 40 },
  );
});

test('a cloud with an address on two NICs, a wrong index or too many NICs is seen', () => {
  const stage = new Stage();
  const subnet = stage.subnet(stage.vpc());
  const nic = stage.attachedNic(stage.instance(subnet), subnet);
  const { cloud } = stage;
  const twin = { ...nic, id: 'nic-twin' as Id };
  const faults = lawsBroken({ ...cloud, nics: cloud.nics.set(twin.id, twin) });
  expect(faults).toContainEqual(expect.stringContaining(`has ${nic.addresses[0]}`));
  expect(faults).toContainEqual(expect.stringContaining('has an attachment of another NIC') as string);
  const blind = { ...cloud, nicsOf: cloud.nicsOf.delete(nic.attachment?.instance ?? ('' as Id)) };
  expect(lawsBroken(blind)).toContainEqual(expect.stringMatching(/^NICs by instance: .* is not there/));
  const loose = { ...cloud, nics: cloud.nics.set(nic.id, { ...nic, state: 'available' }) };
  expect(lawsBroken(loose)).toContainEqual(`${nic.id} is available, and its attachment differs`);
});
