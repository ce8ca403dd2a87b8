import { expect, test } from 'vitest';
import { emptyCloud } from '../../core/ipam/cloud.ts';
import { POLICY } from '../../core/ipam/testing/cloud-driver.ts';
import type { Placing } from '../../core/ipam/placing.ts';
import { parseConfig } from '../../io/config/load.ts';
import { asksNothing, type PodAsks } from '../../wire/kube/annotations.ts';
import { nicsAsked } from './place-asks.ts';
import { RefusalError } from './pool-runner.ts';

const { config } = parseConfig('provider: aws\ncloud: {nicConfigs: pods}\nkubernetes: {access: in-cluster}\n');
const known = ['blue', 'red'].map((name) => ({ name, subnet: `subnet-${name}`, groups: [] }));
const cloudOf = (placing: Placing) => emptyCloud({ ...POLICY, placing });
const cloud = cloudOf({ own: undefined, known });

/** The NICs that are asked for, or what the annotation must be. */
function asked(asks: Partial<PodAsks>, more: Partial<Parameters<typeof nicsAsked>[1]> = {}) {
  try {
    return nicsAsked({ ...asksNothing, ...asks }, { config, cloud, groups: [], ...more });
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    const { refusal } = error;
    return refusal.why === 'annotation' ? `${refusal.name} must be ${refusal.needs}` : refusal.why;
  }
}

test('a pod that asks for nothing has one interface, of any NIC', () => {
  expect(asked({})).toEqual([{}]);
});

test('one NICConfig is for all interfaces, several are one for each; the policy is for all', () => {
  const both = [
    { config: 'blue', policy: 'spread' },
    { config: 'blue', policy: 'spread' },
  ];
  expect(asked({ interfaces: 2, subnets: ['subnet-blue'], policy: 'spread' })).toEqual(both);
  expect(asked({ subnets: ['red', 'blue'] })).toEqual([{ config: 'red' }, { config: 'blue' }]);
});

test('A49: what security groups of its own are for goes by no other NIC', () => {
  const groups = ['sg-1'];
  const alone = 'for a pod with security groups of its own';
  expect(asked({ interfaces: 2 }, { groups })).toBe(`berth.dev/interfaces must be absent, or 1, ${alone}`);
  expect(asked({ subnets: ['blue'] }, { groups })).toBe(`berth.dev/subnet must be absent ${alone}`);
  expect(asked({}, { groups })).toEqual([{}]);
});

test('without a cloud, and before the cluster has told, it is said so', () => {
  expect(asked({ interfaces: 2 }, { cloud: undefined })).toContain('no NICs of a cloud');
  expect(asked({ subnets: ['blue'] }, { cloud: undefined })).toContain('no NICs of a cloud');
  expect(asked({ subnets: ['blue'] }, { cloud: cloudOf({ own: undefined, known: undefined }) })).toBe('no-nic-config');
});
