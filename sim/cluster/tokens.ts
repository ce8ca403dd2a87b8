import { AUDIENCE } from '../../src/wire/broker/beacon.ts';
import { type KubeObject, loose, text } from '../../src/wire/kube/object.ts';

const PREFIX = 'token-of-';

/** The token of an agent's pod for the controller. */
export function tokenOf(node: string): string {
  return `${PREFIX}${node}`;
}

/** What the API server says of such a token. */
export function reviewed(review: object): KubeObject {
  const token = text(loose(loose(review)['spec'])['token']);
  const node = token.slice(PREFIX.length);
  const user = {
    username: 'system:serviceaccount:kube-system:berth',
    extra: { 'authentication.kubernetes.io/node-name': [node], 'authentication.kubernetes.io/pod-name': ['berth'] },
  };
  const status = { authenticated: token.startsWith(PREFIX), user, audiences: [AUDIENCE] };
  return { ...review, metadata: { name: 'asked', uid: '', resourceVersion: '' }, status } as unknown as KubeObject;
}
