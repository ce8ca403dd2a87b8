import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import type { PortMapping } from '../attachment.ts';
import { portConflict, portElements, portListener, portProblem, portsOf, portTwice } from './ports.ts';
import { show } from './plan.ts';

const V4 = address('10.1.0.5');
const V6 = address('fd00::5');

function mapping(text: string): PortMapping {
  const [protocol, hostIp, hostPort, containerPort] = text.split(' ');
  const where = hostIp === undefined || hostIp === '*' ? {} : { hostIp: address(hostIp) };
  return { protocol: protocol as 'tcp', hostPort: Number(hostPort), containerPort: Number(containerPort), ...where };
}

test('C32: a port without a host address is every address of the node, in each family of the pod', () => {
  expect(portElements([mapping('tcp * 8080 80')], [V4, V6]).map(show)).toEqual([
    'element tcp . 8080 : 10.1.0.5 . 80 in ports4',
    'element tcp . 8080 : fd00::5 . 80 in ports6',
  ]);
});

test('what was made of mappings is read back from the elements: both families of one are one', () => {
  const ports = ['tcp * 8080 80', 'udp 192.0.2.1 53 5353', 'sctp 2001:db8::1 36412 36412'].map(mapping);
  expect(portsOf(portElements(ports, [V4, V6]))).toEqual([ports[0], ports[1], ports[2]]);
  expect(portsOf([{ kind: 'element', set: 'pods4', key: ['bthabc', V4] }])).toEqual([]);
});

test('C32: a host address limits a port to its family and to itself', () => {
  const wanted = ['udp 192.0.2.1 53 5353', 'sctp 2001:db8::1 36412 36412', 'tcp 0.0.0.0 80 80', 'tcp :: 81 81'];
  expect(portElements(wanted.map(mapping), [V4, V6]).map(show)).toEqual([
    'element 192.0.2.1 . udp . 53 : 10.1.0.5 . 5353 in ports_at4',
    'element 2001:db8::1 . sctp . 36412 : fd00::5 . 36412 in ports_at6',
    'element tcp . 80 : 10.1.0.5 . 80 in ports4',
    'element tcp . 81 : fd00::5 . 81 in ports6',
  ]);
});

test.each([
  ['tcp * 80 80', 'tcp * 80 8080', true],
  ['tcp * 80 80', 'udp * 80 80', false],
  ['tcp * 80 80', 'tcp * 81 80', false],
  ['tcp * 80 80', 'tcp 192.0.2.1 80 80', true],
  ['tcp 0.0.0.0 80 80', 'tcp 192.0.2.1 80 80', true],
  ['tcp 0.0.0.0 80 80', 'tcp 2001:db8::1 80 80', false],
  ['tcp :: 80 80', 'tcp 2001:db8::1 80 80', true],
  ['tcp :: 80 80', 'tcp 0.0.0.0 80 80', false],
  ['tcp 192.0.2.1 80 80', 'tcp 192.0.2.2 80 80', false],
  ['tcp 192.0.2.1 80 80', 'tcp 192.0.2.1 80 81', true],
])('"%s" and "%s" exclude each other: %s', (a, b, excluded) => {
  expect(portConflict(mapping(a), [{ mapping: mapping(b), holder: 'web' }])).toBe(excluded ? 'web' : undefined);
  expect(portConflict(mapping(b), [{ mapping: mapping(a), holder: 'web' }])).toBe(excluded ? 'web' : undefined);
  expect(portTwice([mapping(a), mapping(b)])).toEqual(excluded ? mapping(b) : undefined);
});

test.each([
  ['tcp * 0 80', 'host port 0 is not between 1 and 65535'],
  ['tcp * 80 65536', 'container port 65536 is not between 1 and 65535'],
  ['tcp ::1 80 80', 'host address ::1 cannot be translated by the kernel; use 127.0.0.1 or another address'],
  ['tcp 2001:db8::1 80 80', 'host port 80 is of 2001:db8::1, and the pod has no IPv6 address'],
])('"%s" is no mapping for a pod with only IPv4', (text, problem) => {
  expect(portProblem(mapping(text), [V4])).toBe(problem);
  expect(() => portElements([mapping(text)], [V4])).toThrow(problem);
});

test('mappings that do not conflict never want the same element', () => {
  const any = fc.record(
    {
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      hostPort: fc.integer({ min: 1, max: 2 }),
      containerPort: fc.constant(80),
      hostIp: fc.constantFrom(...['192.0.2.1', '0.0.0.0', '::', '2001:db8::1'].map(address)),
    },
    { requiredKeys: ['protocol', 'hostPort', 'containerPort'] },
  );
  fc.assert(
    fc.property(any, any, (a, b) => {
      const keys = [a, b].map((it) => portElements([it], [V4, V6]).map(show));
      const shared = keys[0]?.some((key) => keys[1]?.includes(key));
      expect(shared && portConflict(a, [{ mapping: b, holder: true }]) === undefined).not.toBe(true);
    }),
  );
});

describe('a socket of the node', () => {
  const every4 = { address: address('0.0.0.0'), families: ['v4'], process: 'a' } as const;
  const every = { address: address('::'), families: ['v4', 'v6'], process: 'b' } as const;
  const only6 = { address: address('::'), families: ['v6'], process: 'c' } as const;
  const loopback = { address: address('127.0.0.1'), families: ['v4'], process: 'd' } as const;
  const all = { protocol: 'tcp', hostPort: 80, containerPort: 80 } as const;
  const at = (hostIp: string) => ({ ...all, hostIp: address(hostIp) });

  test.each([
    [all, ['v4'], every4, true],
    [all, ['v4'], every, true],
    [all, ['v4'], only6, false],
    [all, ['v4', 'v6'], only6, true],
    [all, ['v4'], loopback, true],
    [at('192.0.2.1'), ['v4'], loopback, false],
    [at('192.0.2.1'), ['v4'], every, true],
    [at('127.0.0.1'), ['v4'], loopback, true],
    [at('0.0.0.0'), ['v4', 'v6'], loopback, true],
    [at('::'), ['v4', 'v6'], every4, false],
    [at('::'), ['v4', 'v6'], only6, true],
  ] as const)('%j of a pod with %j beside %j: taken %s', (mapping, families, socket, taken) => {
    expect(portListener(mapping, families, [socket])).toBe(taken ? socket : undefined);
  });
});
