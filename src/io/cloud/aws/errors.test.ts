import { expect, test } from 'vitest';
import { cloudError, isAmbiguous } from './errors.ts';

function thrown(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

test.each([
  [
    'InsufficientFreeAddressesInSubnet',
    'The specified subnet does not have enough free addresses to satisfy the request.',
  ],
  ['InsufficientCidrBlocks', 'The specified subnet does not have enough free cidr blocks to satisfy the request.'],
  ['InvalidParameterValue', 'There are not enough free addresses in the subnet subnet-1 to satisfy the request'],
  ['InvalidParameterValue', "There aren't sufficient free Ipv4 addresses or prefixes"],
])('a subnet without addresses is known by each of its three shapes: %s (A42)', (code, message) => {
  const error = cloudError(thrown(code, message), { action: 'CreateNetworkInterface', subnet: 'subnet-1' });
  expect(error).toMatchObject({ kind: 'exhausted', code, subnet: 'subnet-1' });
});

test.each([
  ['RequestLimitExceeded', 'Request limit exceeded.', 'throttled'],
  ['UnauthorizedOperation', 'You are not authorized to perform this operation.', 'denied'],
  ['RequestExpired', 'Request has expired.', 'denied'],
  ['PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.', 'limit'],
  ['AttachmentLimitExceeded', 'Interface count 4 exceeds the limit for m5.large', 'limit'],
  ['InvalidNetworkInterfaceID.NotFound', 'The networkInterface ID does not exist', 'gone'],
  ['InvalidNetworkInterface.InUse', 'Interface is in use.', 'busy'],
  ['InternalError', 'An internal error has occurred', 'unknown'],
  ['TimeoutError', 'socket hang up', 'unknown'],
])('%s is %s', (code, message, kind) => {
  expect(cloudError(thrown(code, message), { action: 'AttachNetworkInterface' }).kind).toBe(kind);
});

test('what a NIC has not is gone, and any other refusal of what was asked is not asked again at once', () => {
  const refused = (message: string, httpStatusCode: number) =>
    cloudError(Object.assign(thrown('InvalidParameterValue', message), { $metadata: { httpStatusCode } }), {
      action: 'UnassignPrivateIpAddresses',
    }).kind;
  expect(refused('Some of [10.0.0.7] are not assigned to interface eni-1', 400)).toBe('gone');
  expect(refused('Value (x) for parameter y is invalid', 400)).toBe('limit');
  expect(refused('whatever', 502)).toBe('unknown');
});

test('a refusal of rights names the permission', () => {
  const error = cloudError(thrown('UnauthorizedOperation', 'no'), { action: 'AssignPrivateIpAddresses' });
  expect(error.message).toContain('ec2:AssignPrivateIpAddresses');
});

test('only what no answer came to is ambiguous', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(isAmbiguous(cloudError(reset, { action: 'AssignPrivateIpAddresses' }))).toBe(true);
  expect(isAmbiguous(cloudError(thrown('RequestLimitExceeded', ''), { action: 'A' }))).toBe(false);
});
