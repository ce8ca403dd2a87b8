import { expect, test } from 'vitest';
import { readArgs } from './args.ts';
import { CniError } from './error.ts';

const NOTHING = {
  ips: [],
  mac: undefined,
  podNamespace: undefined,
  podName: undefined,
  podUid: undefined,
  infraContainerId: undefined,
};

test('what containerd sends names the pod', () => {
  const sent =
    'K8S_POD_UID=b3a0;IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;' +
    'K8S_POD_INFRA_CONTAINER_ID=c0ffee;SOMETHING=new';
  expect(readArgs(sent)).toEqual({
    ...NOTHING,
    podNamespace: 'shop',
    podName: 'web-0',
    podUid: 'b3a0',
    infraContainerId: 'c0ffee',
  });
});

test.each(['', ';', ';;', 'IgnoreUnknown=0', 'IgnoreUnknown=', 'IP=', 'K8S_POD_NAME='])('%j says nothing', (text) => {
  expect(readArgs(text)).toEqual(NOTHING);
});

test.each([
  ['IP=10.1.2.3', ['10.1.2.3']],
  ['IP=10.1.2.3/24', ['10.1.2.3']],
  ['IP=10.1.2.3,FD00::5/64', ['10.1.2.3', 'fd00::5']],
])('%j asks for addresses', (text, ips) => {
  expect(readArgs(text).ips).toEqual(ips);
});

test('MAC asks for a MAC, in any case', () => {
  expect(readArgs('MAC=0A:58:0A:01:00:05').mac).toBe('0a:58:0a:01:00:05');
});

test.each([
  ['FOO=1', 'FOO'], // C31
  ['IgnoreUnknown=0;FOO=1;BAR=2', 'FOO, BAR'],
  ['ignoreunknown=1;FOO=1', 'ignoreunknown'], // keys keep their case
  ['IgnoreUnknown=maybe', 'IgnoreUnknown=maybe'],
  ['K8S_POD_NAME', 'KEY=VALUE'],
  ['=x', 'KEY=VALUE'],
  ['IP=10.1.2', 'IP=10.1.2'],
  ['IP=10.1.2.3,', 'IP=10.1.2.3,'],
  ['MAC=zz', 'MAC=zz'],
])('%j is refused with 4, naming it (C31)', (text, named) => {
  expect(() => readArgs(text)).toThrowError(
    expect.objectContaining({ code: 4, message: expect.stringContaining(named) }),
  );
  expect(() => readArgs(text)).toThrow(CniError);
});

test('read leniently, nothing is refused and what can be read stays', () => {
  expect(readArgs('FOO=1;bar;IP=x;MAC=y;IgnoreUnknown=z;K8S_POD_NAME=web-0', true)).toEqual({
    ...NOTHING,
    podName: 'web-0',
  });
});
