import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { readKubeconfig } from '../../src/wire/kube/kubeconfig.ts';
import { kubeconfig, newCredentials, tokenOf } from './credentials.ts';

test('every node is named to the API server as kubelets are, with a token of its own', () => {
  const credentials = newCredentials(['node-1', 'node-2']);
  const lines = credentials.tokenFile.trim().split('\n');
  expect(lines).toContain(`${tokenOf(credentials, 'node-1')},system:node:node-1,node-1,"system:nodes"`);
  expect(new Set(credentials.tokens.values()).size).toBe(lines.length);
  expect(() => tokenOf(credentials, 'node-3')).toThrow(RangeError);
  expect(createPrivateKey(credentials.signingKey).asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
});

test('secrets of one run are not those of another', () => {
  expect(tokenOf(newCredentials([]), 'admin')).not.toBe(tokenOf(newCredentials([]), 'admin'));
});

test('a kubeconfig names the server, whose certificate it is, and the token', () => {
  const file = kubeconfig({ server: 'https://127.0.0.1:4711', certificate: 'PEM' }, 'secret');
  expect(readKubeconfig(JSON.parse(file))).toMatchObject({
    server: 'https://127.0.0.1:4711',
    serverName: 'kubernetes.default.svc',
    insecure: false,
    ca: { in: 'base64', text: Buffer.from('PEM').toString('base64') },
    token: { in: 'text', text: 'secret' },
  });
});
