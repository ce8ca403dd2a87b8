import type { NicId } from '../ipam/nic.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { attachmentId, type PodName } from '../attachment.ts';
import type { About, Decision, DecisionKind, Deed } from './decision.ts';
import { about, emptyRing, push, type Ring } from './ring.ts';
import { decisionFields, tell } from './tell.ts';

const a = address('10.0.1.5');
const b = address('fd00::5');
const web1 = attachmentId({ network: 'berth', containerId: '8d5f3c0e6f1a2b3c4d5e', ifname: 'eth0' });
const web2 = attachmentId({ network: 'berth', containerId: '8d5fffffffffffffffff', ifname: 'eth0' });
const pod = (name: string): PodName => ({ namespace: 'default', name, uid: `uid-${name}` });
const who: About = { id: web1, pod: pod('web-1'), addresses: [a, b] };
const WHO = 'default/web-1 (container 8d5f3c0e6f1a2, eth0)';

/** One of each and more where the words differ. The compiler sees that none is missing. */
const WORDS: { readonly [Kind in DecisionKind]: readonly (readonly [Extract<Deed, { kind: Kind }>, string])[] } = {
  attached: [
    [{ kind: 'attached', ms: 2.6, again: false }, 'was attached with 10.0.1.5 and fd00::5 in 3 ms'],
    [
      { kind: 'attached', ms: 1, again: true },
      'was attached already and got the same answer again: 10.0.1.5 and fd00::5',
    ],
  ],
  waited: [[{ kind: 'waited', readyInMs: 24_000 }, 'waits until 10.0.1.5 and fd00::5 have cooled, for 24 s']],
  hoped: [[{ kind: 'hoped' }, 'waits for addresses that the cloud was asked for']],
  refused: [
    [
      { kind: 'refused', refusal: { why: 'no-range', family: 'v6' } },
      'was refused: this node has no IPv6 range (add an IPv6 range to network.ranges, or ask for no IPv6 address)',
    ],
  ],
  failed: [
    [{ kind: 'failed', cause: 'EPERM', left: [] }, 'could not be attached: EPERM; what had been made was taken back'],
    [
      { kind: 'failed', cause: 'EPERM', left: ['up host:bth1'] },
      'could not be attached: EPERM; 1 part (up host:bth1) could not be taken back',
    ],
  ],
  detached: [
    [{ kind: 'detached', ms: 1, coolingMs: 30_000 }, 'was detached in 1 ms; 10.0.1.5 and fd00::5 cool for 30 s'],
    [{ kind: 'detached', ms: 1, coolingMs: 0 }, 'was detached in 1 ms; 10.0.1.5 and fd00::5 are free'],
  ],
  remained: [
    [
      { kind: 'remained', left: ['up host:bth1', 'up host:bth2'] },
      'could not be removed wholly, 2 parts (up host:bth1 and up host:bth2) left; it keeps 10.0.1.5 and fd00::5 and the sweep tries again',
    ],
  ],
  ignored: [
    [
      { kind: 'ignored', verb: 'DEL', because: 'its sandbox was replaced by a newer one' },
      'got a DEL that was ignored: its sandbox was replaced by a newer one',
    ],
  ],
  spooled: [[{ kind: 'spooled' }, 'was deleted while the agent was away; the DEL was carried out from the spool']],
  repaired: [
    [
      { kind: 'repaired', missing: ['route 10.0.1.5/32 on host:bth1'] },
      'had lost 1 part (route 10.0.1.5/32 on host:bth1), now put back',
    ],
  ],
  drifted: [[{ kind: 'drifted', missing: ['up pod:eth0'] }, 'failed CHECK: 1 part (up pod:eth0) missing or changed']],
  swept: [
    [
      { kind: 'swept', because: 'the runtime no longer lists it' },
      'was removed: the runtime no longer lists it; 10.0.1.5 and fd00::5 are free',
    ],
  ],
  cutOff: [
    [
      { kind: 'cutOff', because: 'eni-1 was detached from outside' },
      'lost its network: eni-1 was detached from outside; delete it, so that it comes back with another address',
    ],
  ],
  denied: [
    [
      { kind: 'denied', failure: { kind: 'denied', action: 'AssignPrivateIpAddresses', code: 'X', message: 'no' } },
      'asked the cloud in vain: AssignPrivateIpAddresses: no',
    ],
  ],
  placed: [
    [
      { kind: 'placed', config: 'zone-a', place: undefined, staying: [] },
      'makes no NIC: there is no NICConfig or ENIConfig named zone-a; make it, or name another on the Node (berth.dev/nic-config)',
    ],
    [
      {
        kind: 'placed',
        config: 'zone-a',
        place: { name: 'zone-a', subnet: 'subnet-1', groups: ['sg-1', 'sg-2'] },
        staying: ['eni-1' as NicId],
      },
      'makes NICs by NICConfig zone-a now: in subnet-1 with sg-1 and sg-2; eni-1 stays as before',
    ],
  ],
  adopted: [[{ kind: 'adopted' }, 'was found on record when the agent started and keeps 10.0.1.5 and fd00::5']],
};

const deeds = Object.values(WORDS).flat();

test.each(deeds.map(([deed, words]) => ({ deed, words })))('$deed.kind is told: $words', ({ deed, words }) => {
  expect(tell({ at: 1, about: who, ...deed })).toBe(`${WHO} ${words}`);
});

test('one address cools, two cool', () => {
  const one: About = { ...who, addresses: [a] };
  expect(tell({ at: 1, about: one, kind: 'waited', readyInMs: 500 })).toMatch(/10\.0\.1\.5 has cooled, for 500 ms$/);
  expect(tell({ at: 1, about: one, kind: 'detached', ms: 1, coolingMs: 500 })).toMatch(
    /; 10\.0\.1\.5 cools for 500 ms$/,
  );
  expect(tell({ at: 1, about: one, kind: 'detached', ms: 1, coolingMs: 0 })).toMatch(/; 10\.0\.1\.5 is free$/);
});

test('sentences stand without addresses, pod or container as well', () => {
  for (const [deed] of deeds) expect(tell({ at: 1, about: {}, ...deed })).toMatch(/^the node [^.]+/);
  expect(tell({ at: 1, about: { id: web1 }, kind: 'spooled' })).toMatch(/^container 8d5f3c0e6f1a2, eth0 was deleted/);
  expect(tell({ at: 1, about: { pod: pod('web-1') }, kind: 'spooled' })).toMatch(/^default\/web-1 was deleted/);
  expect(tell({ at: 1, about: { id: web1 }, kind: 'adopted' })).toMatch(/agent started$/);
});

test('every decision can be written as JSON and says its sentence there, also with a number larger than any', () => {
  const refusal = {
    why: 'exhausted',
    family: 'v6',
    ranges: [],
    usable: 2n ** 64n,
    claimed: 1,
    cooling: 0,
    promised: 0,
  } as const;
  const all: Decision[] = [
    ...deeds.map(([deed]) => ({ at: 1, about: who, ...deed })),
    { at: 1, about: who, kind: 'refused', refusal },
  ];
  for (const decision of all)
    expect(JSON.parse(JSON.stringify(decisionFields(decision)))).toMatchObject({
      kind: decision.kind,
      says: tell(decision),
    });
});

function ringOf(decisions: readonly Decision[], limit = 100): Ring {
  return decisions.reduce(push, emptyRing(limit));
}

const attached = (at: number, whose: About): Decision => ({ at, about: whose, kind: 'attached', ms: 1, again: false });
const story: readonly Decision[] = [
  attached(1, { id: web1, pod: pod('web-1'), addresses: [a] }),
  {
    at: 2,
    about: { id: web2, pod: pod('web-2') },
    kind: 'refused',
    refusal: { why: 'address-taken', address: a, holder: web1 },
  },
  { at: 3, about: { id: web1 }, kind: 'repaired', missing: ['up pod:eth0'] },
  { at: 4, about: {}, kind: 'repaired', missing: ['ruleset berth'] },
  { at: 5, about: { id: web1, pod: pod('web-1'), addresses: [a] }, kind: 'detached', ms: 1, coolingMs: 30_000 },
];

test.each([
  ['a pod by namespace and name', 'default/web-1', [1, 3, 5]],
  ['a pod by name', 'web-1', [1, 3, 5]],
  ['a refused pod', 'web-2', [2]],
  ['a container by its beginning', '8d5f3', [1, 3, 5]],
  ['two containers that begin alike', '8d5f', [1, 2, 3, 5]],
  ['an attachment by its whole id', web1, [1, 3, 5]],
  ['an address: who held it, and who asked for it', '10.0.1.5', [1, 2, 3, 5]],
  ['an address nobody had', '10.0.1.6', []],
  ['an address in another spelling', '::ffff:10.0.1.5', [1, 2, 3, 5]],
  ['three letters of a container: too few to mean one', '8d5', []],
  ['a pod of another namespace', 'other/web-1', []],
  ['the beginning of a pod name', 'web', []],
  ['nothing', '', []],
])('why finds %s', (_, query, times) => {
  expect(about(ringOf(story), query).map(({ at }) => at)).toEqual(times);
});

test('the ring keeps the newest decisions up to its limit, in order, and the ring before stays as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat({ max: 100 }), (limit, count) => {
      const decisions = Array.from({ length: count }, (_, at) => attached(at, { id: web1 }));
      const ring = ringOf(decisions, limit);
      push(ring, attached(-1, { id: web1 }));
      expect(about(ring, web1)).toEqual(decisions.slice(-limit));
    }),
  );
});

test('a ring of nothing keeps one', () => {
  expect(about(ringOf(story.slice(0, 3), 0), web1).map(({ at }) => at)).toEqual([3]);
});
