import type { Bearer } from '../../../core/cluster/broker.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { AUDIENCE } from '../../../wire/broker/beacon.ts';
import { readReview, TOKEN_REVIEWS, writeReview } from '../../../wire/kube/token-review.ts';

/** Asks the API server whose a token is. Replicas that do not lead may as well. Throws KubeError. */
export function reviewBy(client: KubeClient): (token: string) => Promise<Bearer> {
  return async (token) => readReview(await client.create({ resource: TOKEN_REVIEWS }, writeReview(token, AUDIENCE)));
}
