import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advertised, nothingWrong, type NodeTruth, type OwnNode, wordOf, wrongs } from './node-word.ts';

const blank: OwnNode = { tainted: true, addresses: undefined, network: undefined, pressure: undefined };
const well: NodeTruth = { network: undefined, addresses: undefined, serves: true, left: 10 };
const told: OwnNode = {
  tainted: false,
  addresses: 10,
  network: { status: 'False', reason: 'BerthReady' },
  pressure: { status: 'False', reason: 'AddressesLeft' },
};

test('A22: an agent that serves takes the taint away and says so at once, and then nothing more', () => {
  const word = wordOf(blank, { truth: well, wrong: nothingWrong }, 0);
  expect(word).toMatchObject({ untaint: true, addresses: 10 });
  expect(word?.conditions.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'NetworkUnavailable False',
    'berth.dev/AddressPressure False',
  ]);
  expect(wordOf(told, { truth: well, wrong: nothingWrong }, 0)).toBeUndefined();
});

test('A22: while nothing is well the taint stays, and a Node that was never well is told nothing of at once', () => {
  const truth = { network: 'the node network is not set up yet', addresses: undefined, serves: false, left: undefined };
  const wrong = wrongs(nothingWrong, truth, 0);
  const pressure = wordOf(blank, { truth, wrong }, 9_000);
  expect(pressure).toMatchObject({ untaint: false, conditions: [{ type: 'berth.dev/AddressPressure' }] });
  const late = wordOf({ ...told, tainted: true }, { truth, wrong }, 10_000);
  expect(late).toMatchObject({ untaint: false, conditions: [{ status: 'True', reason: 'BerthNotReady' }] });
});

test('what is wrong is told when it lasts, with its sentence; what passes is not', () => {
  const truth = { network: undefined, addresses: 'no IPv4 address is free', serves: false, left: 0 };
  let wrong = wrongs(nothingWrong, truth, 1_000);
  expect(wordOf({ ...told, addresses: 0 }, { truth, wrong }, 10_000)).toBeUndefined();
  wrong = wrongs(wrong, well, 10_500);
  wrong = wrongs(wrong, truth, 10_600);
  expect(wordOf({ ...told, addresses: 0 }, { truth, wrong }, 11_000)).toBeUndefined();
  expect(wordOf({ ...told, addresses: 0 }, { truth, wrong }, 20_600)?.conditions).toEqual([
    expect.objectContaining({ status: 'True', reason: 'NoAddressLeft', message: 'no IPv4 address is free' }),
  ]);
});

test('A89: what is advertised is never more than there is, exact near the end, and rarely another', () => {
  const run = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 400 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), run, (first, steps) => {
      let [left, said, writes] = [first, advertised(undefined, first), 0];
      for (const step of steps) {
        left = Math.max(0, left + step);
        const next = advertised(said, left);
        if (next !== said) writes++;
        said = next;
        expect(said).toBeLessThanOrEqual(left);
        expect(left - said).toBeLessThanOrEqual(16);
        if (left <= 32) expect(said).toBe(left);
      }
      if (first > 100 && steps.length < 20) expect(writes).toBeLessThanOrEqual(steps.length / 2);
    }),
  );
  expect(advertised(undefined, -2)).toBe(0);
});

test('A49, A89: NICs of single pods are a resource of their own, told where there are any', () => {
  const truth = { ...well, podNics: 9 };
  expect(wordOf(told, { truth, wrong: nothingWrong }, 0)).toMatchObject({ podNics: 9, addresses: undefined });
  expect(wordOf({ ...told, podNics: 9 }, { truth, wrong: nothingWrong }, 0)).toBeUndefined();
  expect(wordOf({ ...told, podNics: 9 }, { truth: well, wrong: nothingWrong }, 0)).toBeUndefined();
  const none = { ...well, podNics: 0 };
  expect(wordOf({ ...told, podNics: 9 }, { truth: none, wrong: nothingWrong }, 0)).toMatchObject({ podNics: 0 });
  expect(wordOf(told, { truth: none, wrong: nothingWrong }, 0)).toBeUndefined();
});
