import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeProvider } from '../../../io/cloud/fake-provider.ts';
import { KubeError } from '../../../io/kube/client.ts';
import type { ServerKeys } from '../../../io/system/own-certificate.ts';
import { BEACON, readBeacon } from '../../../wire/broker/beacon.ts';
import { loose } from '../../../wire/kube/object.ts';
import { CONFIG_MAPS } from '../../../wire/kube/resource.ts';
import type { ControllerDoors } from '../doors.ts';
import { Replicas } from '../testing/replicas.ts';
import { newKeys } from './shown.ts';

const PLACE = { resource: CONFIG_MAPS, namespace: 'kube-system', name: BEACON };
const DAY = 24 * 3_600_000;
let replicas: Replicas;

beforeEach(() => {
  replicas = new Replicas();
});
afterEach(() => replicas.close());

/** A replica with a port that nobody asks at, and what it showed there. */
async function start(name: string, host: string) {
  const first = newKeys(replicas.clock);
  const shown: ServerKeys[] = [first.keys];
  const more: Pick<ControllerDoors, 'broker' | 'openCloud'> = {
    broker: {
      server: {
        ...{ at: { host, port: 9466 }, first, show: (keys) => void shown.push(keys) },
        ...{ answerBy: () => {}, close: () => Promise.resolve() },
      },
      meter: { asked: () => {} },
    },
    openCloud: () => ({
      instance: async () => new FakeProvider({ limits: { nics: 1, slotsV4: 2, slotsV6: 2, prefixes: false } }),
      collectLeaked: async () => [],
      close: () => {},
    }),
  };
  const { client } = await replicas.start(name, '', more);
  await replicas.pass(500);
  return { client, shown };
}

function beacon() {
  const { at, certificates } = readBeacon(loose(replicas.store.get(PLACE)['data']));
  return { at: at.host, certificates: certificates.split(/(?<=END CERTIFICATE-----\n)/) };
}

test('the replica that leads says where it is and what it shows; the other one says nothing', async () => {
  const first = await start('first', '10.0.0.1');
  await start('second', '10.0.0.2');
  expect(beacon()).toEqual({ at: '10.0.0.1', certificates: [first.shown[0]?.certificate] });
});

test('who takes over says so', async () => {
  const { client } = await start('first', '10.0.0.1');
  const second = await start('second', '10.0.0.2');
  client.fail(new KubeError('unreachable', 'killed'));
  await replicas.pass(17_000);
  expect(beacon()).toEqual({ at: '10.0.0.2', certificates: [second.shown[0]?.certificate] });
});

test('a day later another key is shown, after agents could hear of it and while they trust the old one', async () => {
  const { shown } = await start('first', '10.0.0.1');
  await replicas.pass(DAY + 60_000);
  expect(shown.length).toBe(2);
  expect(beacon().certificates).toEqual([shown[1]?.certificate, shown[0]?.certificate]);
  const [old] = shown;
  expect(Date.parse(new X509Certificate(old?.certificate ?? '').validTo)).toBeGreaterThan(
    replicas.clock.now() + 5 * DAY,
  );
});

test('a ConfigMap that was deleted or written by others is put right', async () => {
  const { shown } = await start('first', '10.0.0.1');
  replicas.store.remove(PLACE);
  await replicas.pass(31_000);
  expect(beacon().at).toBe('10.0.0.1');
  replicas.store.patch(PLACE, 'merge', { data: { at: '10.6.6.6:1' } });
  await replicas.pass(31_000);
  expect(beacon()).toEqual({ at: '10.0.0.1', certificates: [shown[0]?.certificate] });
});
