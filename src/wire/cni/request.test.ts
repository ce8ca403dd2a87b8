import { expect, test } from 'vitest';
import { CniError } from './error.ts';
import { readRequest } from './request.ts';
import { VERBS } from './version.ts';

const FULL = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/c1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
} as const;

const NEEDED: Readonly<Record<string, readonly (keyof typeof FULL)[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
};

function refusal(env: Record<string, string>): CniError {
  try {
    readRequest(env);
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error('not refused');
}

test.each(VERBS)('%s needs exactly the variables of the reference skeleton (C2)', (verb) => {
  const needed = NEEDED[verb] ?? [];
  const just = Object.fromEntries(needed.map((name) => [name, FULL[name]]));
  expect(readRequest({ CNI_COMMAND: verb, ...just }).verb).toBe(verb);
  for (const name of needed) {
    const error = refusal({ CNI_COMMAND: verb, ...just, [name]: '' }); // empty is missing
    expect(error.code).toBe(4);
    expect(error.message).toContain(name);
  }
});

test.each(VERBS)('%s without any variable is refused once, naming all that it needs (C2)', (verb) => {
  const needed = NEEDED[verb] ?? [];
  if (needed.length === 0) return expect(readRequest({ CNI_COMMAND: verb })).toEqual({ verb, trace: undefined });
  const { code, message } = refusal({ CNI_COMMAND: verb });
  expect(code).toBe(4);
  for (const name of Object.keys(FULL)) expect(message.includes(name)).toBe(needed.some((need) => need === name));
});

test.each(['', 'add', 'CREATE', 'constructor'])('the verb "%s" is refused with 4 (C3)', (verb) => {
  expect(refusal({ CNI_COMMAND: verb, ...FULL })).toMatchObject({
    code: 4,
    message: expect.stringContaining('CNI_COMMAND'),
  });
});

test('an ADD is read whole', () => {
  expect(readRequest({ CNI_COMMAND: 'ADD', ...FULL, CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web-0' })).toEqual({
    verb: 'ADD',
    containerId: 'c1',
    ifname: 'eth0',
    netns: '/run/netns/c1',
    netnsOverride: false,
    args: expect.objectContaining({ podName: 'web-0' }),
    trace: undefined,
  });
});

test('a DEL without CNI_NETNS has an empty one (C15)', () => {
  const { CNI_NETNS: _, ...gone } = FULL;
  expect(readRequest({ CNI_COMMAND: 'DEL', ...gone })).toMatchObject({ verb: 'DEL', netns: '' });
});

test.each([
  ['sixteen-letters-', 'longer than 15'],
  ['../x', '"/"'],
  ['a b', 'white space'],
  ['a:b', '":"'],
  ['a\tb', 'white space'],
  ['.', 'directory'],
  ['..', 'directory'],
  ['ëth0', 'ASCII'],
  ['a\u0007', 'ASCII'],
])('the interface name %j is refused with 4 (C30)', (ifname, why) => {
  const error = refusal({ CNI_COMMAND: 'ADD', ...FULL, CNI_IFNAME: ifname });
  expect(error.code).toBe(4);
  expect(error.message).toContain('CNI_IFNAME');
  expect(error.message).toContain(why);
});

test.each(['fifteen-letters', 'eth0.100', 'a', '...', 'veth@1'])('the interface name %j passes', (ifname) => {
  expect(readRequest({ CNI_COMMAND: 'ADD', ...FULL, CNI_IFNAME: ifname })).toMatchObject({ ifname });
});

test.each(['.hidden', '-x', 'a/b', 'a b', 'ü', '../../etc', 'a\n'])('the container id %j is refused with 4', (id) => {
  const error = refusal({ CNI_COMMAND: 'DEL', ...FULL, CNI_CONTAINERID: id });
  expect(error.code).toBe(4);
  expect(error.message).toContain('CNI_CONTAINERID');
});

test('missing variables are told before malformed ones', () => {
  expect(refusal({ CNI_COMMAND: 'ADD', CNI_CONTAINERID: '/', CNI_IFNAME: '/' }).message).toMatch(/CNI_NETNS, CNI_PATH/);
});

test('a trace of the caller is carried, and a malformed one is no trace (C37)', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const spanId = '00f067aa0ba902b7';
  const traced = (said: string) => readRequest({ CNI_COMMAND: 'VERSION', TRACEPARENT: said }).trace;
  expect(traced(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId });
  expect(traced(`cc-${traceId}-${spanId}-01-what-the-future-adds`)).toEqual({ traceId, spanId });
  for (const bad of [
    '',
    'x',
    `00-${traceId}-${spanId}`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
  ])
    expect(traced(bad)).toBeUndefined();
});

test('CNI_NETNS_OVERRIDE is true only for what Go reads as true', () => {
  const override = (said: string) => readRequest({ CNI_COMMAND: 'ADD', ...FULL, CNI_NETNS_OVERRIDE: said });
  for (const said of ['1', 'true', 'TRUE', 't']) expect(override(said)).toMatchObject({ netnsOverride: true });
  for (const said of ['', '0', 'false', 'yes']) expect(override(said)).toMatchObject({ netnsOverride: false });
});
