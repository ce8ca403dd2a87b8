import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CONFIG_MAPS, LEASES, NODES } from '../../wire/kube/resource.ts';
import { realClock } from '../system/clock.ts';
import { type AccessSource, inClusterAccess, kubeconfigAccess } from './access.ts';
import { type KubeClient, KubeError } from './client.ts';
import { httpClient } from './http-client.ts';
import { kubeCases } from './kube-cases.ts';
import { ApiStore } from './testing/api-store.ts';
import { FakeKubeClient } from './testing/fake-client.ts';
import { FakeApiServer } from './testing/fake-server.ts';

let server: FakeApiServer;
let folder: string;
let client: KubeClient;

beforeAll(async () => {
  server = await FakeApiServer.open([CONFIG_MAPS, LEASES, NODES]);
  folder = mkdtempSync(join(tmpdir(), 'berth-kube-'));
  client = httpClient(accessTo(server));
});
afterAll(async () => {
  client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const clock = realClock;

function accessTo({ url }: FakeApiServer): AccessSource {
  return () => ({ ...nobody, server: new URL(url) });
}

const nobody = {
  serverName: undefined,
  insecure: false,
  ca: undefined,
  token: undefined,
  certificate: undefined,
  key: undefined,
};

describe('the fake API server over HTTP', () => {
  test.each(kubeCases)('$name', async ({ name, run }) => {
    await run({ client, namespace: `n${kubeCases.findIndex((it) => it.name === name)}` });
  });
});

describe('the fake client', () => {
  const fake = new FakeKubeClient(new ApiStore(), clock);
  test.each(kubeCases)('$name', async ({ name, run }) => {
    await run({ client: fake, namespace: `n${kubeCases.findIndex((it) => it.name === name)}` });
  });
});

/** What a call throws. */
async function thrownBy(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KubeError)) throw new Error(`no KubeError: ${String(error)}`);
  return error;
}

const node = { resource: NODES, name: 'node-1' };
const never = () => AbortSignal.timeout(9_000);

test('a watch from a version that is forgotten has expired', async () => {
  const { resourceVersion } = await client.list({ resource: NODES }, { limit: 0 });
  server.store.create({ resource: CONFIG_MAPS, namespace: 'x' }, { metadata: { name: 'one' } });
  server.store.forget();
  const from = { resourceVersion, seconds: 300 };
  const error = await thrownBy(client.watch({ resource: NODES }, from, () => {}, AbortSignal.timeout(9_000)));
  expect(error).toMatchObject({ kind: 'expired' });
});

test('a watch that is cut off says so', async () => {
  const { resourceVersion } = await client.list({ resource: NODES }, { limit: 0 });
  const from = { resourceVersion, seconds: 300 };
  const watched = client.watch({ resource: NODES }, from, () => server.cut(), AbortSignal.timeout(9_000));
  server.store.create({ resource: NODES }, { metadata: { name: 'cut' } });
  expect(await thrownBy(watched)).toMatchObject({ kind: 'unreachable' });
});

test('a server that has too much to do is believed when it says when to ask again', async () => {
  server.before = () => ({ code: 429, headers: { 'retry-after': '7' } });
  expect(await thrownBy(client.get(node))).toMatchObject({ kind: 'throttled', retryAfterMs: 7_000 });
  server.before = () => ({ code: 503 });
  expect(await thrownBy(client.get(node))).toMatchObject({ kind: 'failing' });
  server.before = () => undefined;
});

test('a kept connection that the server lets go of is no failure; a new one that it cuts is', async () => {
  const kept = httpClient(accessTo(server));
  server.store.create({ resource: NODES }, { metadata: { name: 'kept' } });
  const at = { resource: NODES, name: 'kept' };
  await kept.get(at);
  let cuts = 1;
  server.before = ({ socket }) => {
    if (cuts-- > 0) socket.destroy();
    return undefined;
  };
  expect(await kept.get(at)).toMatchObject({ metadata: { name: 'kept' } });
  cuts = 9;
  expect(await thrownBy(kept.get(at))).toMatchObject({ kind: 'unreachable' });
  server.before = () => undefined;
  kept.close();
});

test('an answer that is reset on a kept connection is told to whoever reads it, and asked for by nobody again', async () => {
  const kept = httpClient(accessTo(server));
  const { resourceVersion } = await kept.list({ resource: NODES }, { limit: 0 });
  const asked: string[] = [];
  server.before = ({ url = '' }) => {
    asked.push(url);
    return undefined;
  };
  const watched = kept.watch({ resource: NODES }, { resourceVersion, seconds: 300 }, () => server.reset(), never());
  server.store.create({ resource: NODES }, { metadata: { name: 'reset' } });
  expect(await thrownBy(watched)).toMatchObject({ kind: 'unreachable' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toHaveLength(1);
  server.before = () => undefined;
  kept.close();
});

test('certificates that are none are named as the reason', async () => {
  const broken = httpClient(() => ({
    ...nobody,
    server: new URL('https://127.0.0.1:1'),
    ca: 'x',
    certificate: 'y',
    key: 'z',
  }));
  expect(await thrownBy(broken.get(node))).toMatchObject({ kind: 'unusable' });
});

test('where nobody listens it is unreachable, and the address is named', async () => {
  const gone = httpClient(() => ({ ...nobody, server: new URL('http://127.0.0.1:1') }));
  const error = await thrownBy(gone.get(node));
  expect(error).toMatchObject({ kind: 'unreachable' });
  expect(error.message).toContain('127.0.0.1:1');
});

test('a server that takes the connection and hangs is waited for 15 s, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const hung = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const url = `https://127.0.0.1:${(hung.address() as AddressInfo).port}`;
  const hanging = httpClient(() => ({ ...nobody, insecure: true, server: new URL(url) }));
  let end = '';
  const asked = hanging.get(node).catch((error: Error) => (end = error.message));
  await once(hung, 'connection');
  await vi.advanceTimersByTimeAsync(14_999);
  expect(end).toBe('');
  vi.advanceTimersByTime(1);
  await asked;
  expect(end).toContain('no word for 15 s');
  vi.useRealTimers();
  hanging.close();
  hung.close();
});

test('a token that was replaced is read anew when the server no longer takes the old one', async () => {
  writeFileSync(join(folder, 'ca.crt'), '');
  writeFileSync(join(folder, 'token'), 'old\n');
  const source = inClusterAccess({ folder, environment: {}, server: server.url, clock });
  const pod = httpClient(source);
  server.store.create({ resource: NODES }, { metadata: { name: 'node-1' } });
  const tokens: string[] = [];
  let valid = 'Bearer old';
  server.before = ({ headers }) => {
    tokens.push(headers.authorization ?? '');
    return headers.authorization === valid ? undefined : { code: 401 };
  };
  await pod.get(node);
  writeFileSync(join(folder, 'token'), 'new\n');
  valid = 'Bearer new';
  await pod.get(node);
  expect(tokens).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
  valid = 'Bearer another';
  expect(await thrownBy(pod.get(node))).toMatchObject({ kind: 'unauthenticated' });
  server.before = () => undefined;
  pod.close();
});

test('a pod without its Service’s variables is told what to do', () => {
  const source = inClusterAccess({ folder, environment: {}, clock });
  expect(() => source()).toThrow(/KUBERNETES_SERVICE_HOST.*kubernetes\.server/);
});

test('the address of a pod’s Service may be of IPv6', () => {
  writeFileSync(join(folder, 'ca.crt'), 'CA');
  writeFileSync(join(folder, 'token'), 'T');
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const { server: url, ca, token } = inClusterAccess({ folder, environment, clock })();
  expect([url.host, ca, token]).toEqual(['[fd00::1]', 'CA', 'T']);
});

test('a kubeconfig: certificates in it and beside it, the token in a file', () => {
  writeFileSync(join(folder, 'beside.crt'), 'CERT');
  writeFileSync(join(folder, 'token'), 'SECRET\n');
  const path = join(folder, 'config');
  const file = {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://10.0.0.1:6443',
          'certificate-authority-data': Buffer.from('CA').toString('base64'),
          'tls-server-name': 'api',
        },
      },
    ],
    users: [{ name: 'u', user: { tokenFile: join(folder, 'token'), 'client-certificate': 'beside.crt' } }],
  };
  writeFileSync(path, JSON.stringify(file));
  expect(kubeconfigAccess({ path, clock })()).toEqual({
    server: new URL('https://10.0.0.1:6443'),
    serverName: 'api',
    insecure: false,
    ca: 'CA',
    token: 'SECRET',
    certificate: 'CERT',
    key: undefined,
  });
});

test('a kubeconfig that cannot be used says why', () => {
  const path = join(folder, 'bad');
  const said = (text: string) => {
    writeFileSync(path, text);
    try {
      return kubeconfigAccess({ path, clock })();
    } catch (error) {
      return error instanceof KubeError ? `${error.kind}: ${error.message}` : error;
    }
  };
  expect(said('current-context: nowhere')).toBe(`unusable: ${path}: contexts has no entry "nowhere"`);
  const exec = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://x' } }],
    users: [{ name: 'u', user: { exec: { command: 'aws' } } }],
  };
  expect(said(JSON.stringify(exec))).toContain('signs in by exec');
  expect(said('{')).toContain('unusable');
});
