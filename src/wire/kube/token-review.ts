import { type KubeObject, loose, text, texts } from './object.ts';
import type { Resource } from './resource.ts';

/** Asks the API server whose token it is: Kubernetes, "TokenReview". */
export const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

/** What the API server says of a token. */
export interface ReviewShape {
  readonly authentic: boolean;
  readonly error: string; //     why not, in its words; may be ''
  readonly user: string; //      "system:serviceaccount:kube-system:berth"
  readonly audiences: readonly string[];
  readonly node: string; //      that the token's pod is bound to; '': it is bound to none
  readonly pod: string;
}

// "Additional metadata in Pod bound tokens", Kubernetes 1.30 and later.
const NODE = 'authentication.kubernetes.io/node-name';
const POD = 'authentication.kubernetes.io/pod-name';

export function writeReview(token: string, audience: string): object {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: TOKEN_REVIEWS.kind,
    metadata: { name: 'asked' }, // comes back as it is: every object has a name
    spec: { token, audiences: [audience] },
  };
}

/** Reads the status of a TokenReview. */
export function readReview({ status }: KubeObject): ReviewShape {
  const { authenticated, error, user, audiences } = loose(status);
  const { username, extra } = loose(user);
  const first = (key: string) => texts(loose(extra)[key])[0] ?? '';
  return {
    authentic: authenticated === true,
    error: text(error),
    user: text(username),
    audiences: texts(audiences),
    node: first(NODE),
    pod: first(POD),
  };
}
