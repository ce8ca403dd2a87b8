import { expect, test } from 'vitest';
import { ACTIONS } from './actions.ts';
import { bucketName, bucketsOf } from './buckets.ts';

// "Request throttling for the Amazon EC2 API": sizes of buckets, and tokens a second.

const BUCKETS = bucketsOf(ACTIONS);

test.each([
  ['DescribeNetworkInterfaces filtered', 100, 20],
  ['DescribeNetworkInterfaces unfiltered', 50, 10],
  ['CreateNetworkInterface', 50, 5],
  ['AttachNetworkInterface', 50, 5],
  ['AuthorizeSecurityGroupIngress', 50, 5], // resource-intensive
  ['AssignPrivateIpAddresses', 100, 5], //     these have sizes of their own
  ['UnassignPrivateIpAddresses', 100, 5],
  ['AssignIpv6Addresses', 100, 5],
  ['CreateTags', 100, 10],
  ['RunInstances', 5, 2],
  ['TerminateInstances', 100, 5],
  ['RunInstances resources', 1_000, 2], //        and these count instances
  ['TerminateInstances resources', 1_000, 20],
])('%s: %i tokens, %i more a second', (bucket, capacity, perSecond) => {
  expect(BUCKETS[bucket]).toEqual({ capacity, perSecond });
});

test('every action has a bucket, and what looks has two', () => {
  for (const [name, { category }] of ACTIONS) {
    const looks = category === 'non-mutating';
    expect(looks, name).toBe(/^(Describe|Get)/.test(name));
    expect(BUCKETS[bucketName(name, category, false)], name).toBeDefined();
    expect(BUCKETS[bucketName(name, category, true)], name).toBeDefined();
    expect(bucketName(name, category, true) !== bucketName(name, category, false), name).toBe(looks);
  }
});
