import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsOf } from '../../../tools/ci/thorough.ts';
import { utf8 } from '../../base/bytes.ts';
import { readConfig, versionForError } from './config.ts';
import { CniError, writeError } from './error.ts';
import { readRequest } from './request.ts';
import { SUPPORTED_VERSIONS, VERBS } from './version.ts';

/** Either it works or it is a CniError of a readable size: nothing else may ever leave a decoder. */
function survives(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(CniError);
    const json = writeError(error as CniError, '1.1.0');
    expect(JSON.parse(json).code).toBeGreaterThan(0);
    expect(json.length).toBeLessThan(2_000);
  }
}

const variables = ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH', 'CNI_ARGS', 'TRACEPARENT'];
const args = fc
  .array(
    fc.tuple(
      fc.constantFrom('IP', 'MAC', 'IgnoreUnknown', 'K8S_POD_NAME', '', 'X'),
      fc.constantFrom('=', '', '=='),
      fc.string(),
    ),
  )
  .map((pairs) => pairs.map((pair) => pair.join('')).join(';'));
const environment = fc.dictionary(
  fc.constantFrom(...variables),
  fc.oneof(fc.string(), fc.string({ maxLength: 3_000, unit: 'binary' }), fc.constantFrom(...VERBS, 'c1', 'eth0'), args),
);

test('any environment is read or refused', () => {
  fc.assert(
    fc.property(environment, (env) => survives(() => readRequest(env))),
    { numRuns: 2_000 },
  );
});

test('any bytes on stdin are read or refused, for every verb', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...VERBS), (bytes, verb) => {
      survives(() => readConfig(bytes, verb));
      expect(SUPPORTED_VERSIONS).toContain(versionForError(bytes));
    }),
    { numRuns: 2_000 },
  );
});

const keys = [
  'runtimeConfig',
  'args',
  'cni',
  'prevResult',
  'ips',
  'interfaces',
  'routes',
  'dns',
  'portMappings',
  'bandwidth',
  'hostPort',
  'containerPort',
  'hostIP',
  'protocol',
  'address',
  'gateway',
  'interface',
  'dst',
  'gw',
  'mac',
  'mtu',
  'name',
  'Servers',
  'ipam',
  'ingressRate',
  'ingressBurst',
  'cni.dev/valid-attachments',
  'containerID',
  'ifname',
  'cniVersion',
  '__proto__',
];
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      0,
      1.5,
      80,
      1e300,
      '',
      'tcp',
      '10.0.0.1',
      '10.0.0.1/24',
      '::1/64',
      '1.1.0',
      'eth0',
    ),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 6 }),
  ),
}));

test('any JSON made of the right words is read or refused, for every verb', () => {
  const top = fc.dictionary(fc.constantFrom(...keys), tree);
  fc.assert(
    fc.property(top, fc.constantFrom(...SUPPORTED_VERSIONS), fc.constantFrom(...VERBS), (conf, cniVersion, verb) => {
      survives(() => readConfig(utf8(JSON.stringify({ ...conf, cniVersion, name: 'pods' })), verb));
    }),
    { numRuns: runsOf(5_000) },
  );
});

test('depth and width do no harm', () => {
  survives(() => readConfig(utf8('['.repeat(1 << 20)), 'ADD'));
  survives(() =>
    readConfig(utf8(`{"name":"a","cniVersion":"1.1.0","prevResult":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), 'ADD'),
  );
  survives(() =>
    readConfig(utf8(`{"name":"a","cniVersion":"1.1.0","ipam":${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`), 'ADD'),
  );
  survives(() => readConfig(utf8(`{"name":"${'a '.repeat(1e6)}","cniVersion":"1.1.0"}`), 'ADD'));
  survives(() => readConfig(utf8(`{"name":"a","cniVersion":"${'9'.repeat(1e6)}"}`), 'ADD'));
});
