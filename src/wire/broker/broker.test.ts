import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { type Answer, readAnswer, writeAnswer } from './answer.ts';
import { readBeacon, writeBeacon } from './beacon.ts';
import { MessageError } from './field.ts';
import { type Question, readQuestion, type Wish, writeQuestion } from './question.ts';

const units = { count: 2, unit: 'address', family: 'v4' } as const;
const wishes: readonly Wish[] = [
  { do: 'limits' },
  { do: 'report' },
  { do: 'ranges' },
  { do: 'tend' },
  { do: 'tendEnds' },
  { do: 'create', token: 't@1', spec: units },
  { do: 'createBy', token: 't@1', spec: units, config: 'eu-west-1a' },
  { do: 'delete', nic: 'eni-1' },
  { do: 'branches' },
  { do: 'createBranch', token: 't@1', groups: ['sg-1', 'sg-2'], v6: true },
  { do: 'createBranchBy', token: 't@1', groups: ['sg-1'], v6: false, config: 'eu-west-1a' },
  { do: 'deleteBranch', nic: 'eni-1' },
  { do: 'deleteTrunk' },
  { do: 'assign', token: 't@1', nic: 'eni-1', ...units },
  { do: 'assign', token: 't@1', nic: 'eni-1', ...units, had: [address('10.0.0.7'), prefix('10.0.0.16/28')] },
  { do: 'bring', nic: 'eni-1', address: address('10.0.0.7'), from: 'eni-2' },
  { do: 'unassign', nic: 'eni-1', what: [address('10.0.0.7'), prefix('fd00::/80')] },
];
const nic = {
  id: 'eni-1',
  mac: mac('02:00:00:00:00:01'),
  device: 0,
  card: 0,
  subnet: 'subnet-a',
  subnetRange: prefix('10.0.0.0/20'),
  subnetRange6: prefix('fd00::/64'),
  gateway: address('10.0.0.1'),
  groups: ['sg-1'],
  primary: [address('10.0.0.4')],
  addresses: [address('10.0.0.5')],
  prefixes: [prefix('10.0.0.16/28')],
  kind: 'interface',
  managed: true,
  config: 'eu-west-1a',
  createdAt: 1_800_000_000_000,
} as const;
const branch = {
  ...{ id: 'eni-2', mac: mac('02:00:00:00:00:02'), vlan: 7, trunkMac: mac('02:00:00:00:00:01'), subnet: 'subnet-a' },
  ...{ gateways: [address('10.0.0.1')], addresses: [address('10.0.0.6')], groups: ['sg-1'], carried: true },
};
const failure = { kind: 'throttled', action: 'A', code: 'B', message: 'c', subnet: 's', retryAfterMs: 250 } as const;
const answers: readonly Answer[] = [
  { is: 'pending' },
  { is: 'done', found: {} },
  { is: 'done', found: { limits: { nics: 3, slotsV4: 10, slotsV6: 10, prefixes: true } } },
  { is: 'done', found: { nics: [nic], tended: ['eni-1'], ranges: [prefix('10.0.0.0/8')] } },
  { is: 'done', found: { given: { addresses: [address('10.0.0.5')], prefixes: [], doubtful: true } } },
  { is: 'done', found: { most: 9, branches: [branch, { ...branch, token: 't@1', createdAt: 1_800_000_000_000 }] } },
  { is: 'failed', failure },
  { is: 'failed', failure: { ...failure, newest: 1_800_000_000_000 } },
  { is: 'refused', why: 'no-instance', message: 'Node a has no spec.providerID' },
];

test.each(wishes)('a question is read as it was written: $do', (wish) => {
  const question: Question = { id: 'q-1', urgency: 'pod', wish };
  for (const it of [question, { ...question, order: 1_800_000_000_000 }])
    expect(readQuestion(writeQuestion(it))).toEqual(it);
});

test.each(answers)('an answer is read as it was written: $is', (answer) => {
  expect(readAnswer(writeAnswer(answer))).toEqual(answer);
});

test('whatever else comes is refused by the field that is wrong, and as nothing else', () => {
  const texts = [
    ...wishes.map((wish) => writeQuestion({ id: 'q', urgency: 'pod', wish })),
    ...answers.map(writeAnswer),
  ];
  const garbled = fc.tuple(
    fc.constantFrom(...texts),
    fc.nat(300),
    fc.constantFrom('', '0', '"', 'null', '[', '-1', 'x'),
  );
  fc.assert(
    fc.property(garbled, fc.nat(4), ([text, at, put], cut) => {
      const broken = text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut);
      for (const read of [readQuestion, readAnswer])
        try {
          read(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
    }),
  );
});

test('a message names the field', () => {
  const wrong = JSON.stringify({
    id: 'q',
    urgency: 'pod',
    wish: { do: 'unassign', nic: 'eni-1', what: ['10.0.0.300'] },
  });
  expect(() => readQuestion(wrong)).toThrow(/^what\[0\]: /);
  expect(() => readQuestion('{"id":"q","urgency":"soon"}')).toThrow('urgency: none of pod, refill, housekeeping');
});

test('where the controller is goes through a ConfigMap, whatever its family', () => {
  for (const host of ['10.0.0.5', 'fd00::5']) {
    const beacon = { at: { host, port: 9466 }, certificates: '-----BEGIN' };
    expect(readBeacon(writeBeacon(beacon))).toEqual(beacon);
  }
  expect(() => readBeacon({ at: 'nowhere', certificates: '' })).toThrow(MessageError);
  expect(() => readBeacon({})).toThrow(MessageError);
});
