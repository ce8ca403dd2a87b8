import { expect, test } from 'vitest';
import { AnnotationError, asksNothing, readAnnotations, readAsks } from './annotations.ts';
import { readRetention } from './retention.ts';

const UCLOUD = 'network.beta.kubernetes.io/ucloud-statefulset-';

test.each([
  ['berth.dev/retention', '24 hours', 'a time such as'],
  ['berth.dev/retention', '1.5h', 'a time such as'],
  ['berth.dev/static-conflict', 'panic', '"retry" or "renew"'],
])('U33: %s: "%s" of a static address is refused with what it must be', (name, value, needs) => {
  expect(() => readAsks({ 'berth.dev/static-address': 'true', [name]: value })).toThrow(needs);
});

test('a retention is read as it is written', () => {
  expect(readRetention('1h10m20s')).toEqual({ kind: 'for', ms: 4_220_000 });
  expect(readRetention('7d')).toEqual({ kind: 'for', ms: 604_800_000 });
  expect(readRetention('never')).toEqual({ kind: 'never' });
  expect(readRetention('')).toBeUndefined();
});

test('what nobody reads is not kept, and a pod without annotations asks for nothing', () => {
  const kept = readAnnotations({ 'berth.dev/mtu': ' 1400 ', 'berth.dev/ips': '', other: 'much text' });
  expect(kept).toEqual({ 'berth.dev/mtu': '1400' });
  expect(readAsks(readAnnotations({}))).toEqual(asksNothing);
});

test.each([
  [{ 'berth.dev/ips': '10.0.3.9' }, { ips: ['10.0.3.9'] }],
  [{ 'berth.dev/ips': '10.0.3.9, fd00::9' }, { ips: ['10.0.3.9', 'fd00::9'] }],
  [{ 'cni.projectcalico.org/ipAddrs': '["10.0.3.9"]' }, { ips: ['10.0.3.9'] }],
  [{ 'cni.projectcalico.org/ipAddrs': '["10.0.3.9"]', 'berth.dev/ips': '10.0.3.8' }, { ips: ['10.0.3.8'] }],
  [{ 'berth.dev/mtu': '1400' }, { mtuBytes: 1400 }],
  [{ 'kubernetes.io/ingress-bandwidth': '10M' }, { ingressBits: 10_000_000 }],
  [{ 'kubernetes.io/egress-bandwidth': '1Gi' }, { egressBits: 1_073_741_824 }],
  [{ 'kubernetes.io/egress-bandwidth': '1.5k' }, { egressBits: 1_500 }],
  [{ 'kubernetes.io/egress-bandwidth': '2e6' }, { egressBits: 2_000_000 }],
  [{ 'kubernetes.io/egress-bandwidth': '1Ki' }, { egressBits: 1_024 }],
  [{ 'berth.dev/static-address': 'true' }, { keep: { retention: '24h', conflict: 'retry' } }],
  [{ 'berth.dev/static-address': 'false', 'berth.dev/retention': '1h' }, {}],
  [
    { 'berth.dev/static-address': 'True', 'berth.dev/retention': 'Never', 'berth.dev/static-conflict': 'renew' },
    { keep: { retention: 'Never', conflict: 'renew' } },
  ],
  [{ [`${UCLOUD}static-ip`]: 'true' }, { keep: { retention: 'Never', conflict: 'retry' } }],
  [
    { [`${UCLOUD}static-ip`]: 'true', [`${UCLOUD}ip-claim-policy`]: '1h10m20s' },
    { keep: { retention: '1h10m20s', conflict: 'retry' } },
  ],
])('%j asks for %j', (annotations, asks) => {
  expect(readAsks(annotations)).toEqual({ ...asksNothing, ...asks });
});

test.each([
  ['berth.dev/ips', '10.0.3', 'addresses with commas'],
  ['berth.dev/ips', '10.0.3.9,', 'addresses with commas'],
  ['cni.projectcalico.org/ipAddrs', '10.0.3.9', 'a JSON list'],
  ['cni.projectcalico.org/ipAddrs', '[7]', 'a JSON list'],
  ['cni.projectcalico.org/ipAddrs', '[]', 'a JSON list'],
  ['berth.dev/mtu', '575', 'from 576 to 65535'],
  ['berth.dev/mtu', '1400.5', 'from 576 to 65535'],
  ['kubernetes.io/ingress-bandwidth', '999', 'bits a second'],
  ['kubernetes.io/ingress-bandwidth', '2P', 'bits a second'],
  ['kubernetes.io/ingress-bandwidth', '10Mb', 'bits a second'],
  ['berth.dev/static-address', 'yes', '"true" or "false"'],
])('%s: "%s" is refused with what it must be', (name, value, needs) => {
  const thrown = () => readAsks({ [name]: value });
  expect(thrown).toThrow(AnnotationError);
  expect(thrown).toThrow(name);
  expect(thrown).toThrow(needs);
});
