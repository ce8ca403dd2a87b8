// Follows all pods of a cluster as Berth does: node follow.ts KUBECONFIG. Says a line of JSON when all are known, with
// how long that took; then one for each change, with how long that took since its stamp.
import { silent } from '../../src/base/log.ts';
import { kubeconfigAccess } from '../../src/io/kube/access.ts';
import { httpClient } from '../../src/io/kube/http-client.ts';
import { Informer } from '../../src/io/kube/informer.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { realRandom } from '../../src/io/system/random.ts';
import { loose } from '../../src/wire/kube/object.ts';
import { readPod } from '../../src/wire/kube/pod.ts';
import { PODS } from '../../src/wire/kube/resource.ts';
import { STAMP } from './population.ts';

const client = httpClient(kubeconfigAccess({ path: process.argv[2] ?? '', clock: realClock }));
const began = performance.now();
let blockedMs = 0;
watchLoop();

const pods = new Informer(
  { client, clock: realClock, random: realRandom, log: silent },
  {
    select: { resource: PODS },
    read: (object) => ({ ...readPod(object), at: Number(loose(object.metadata['annotations'])[STAMP] ?? 0) }),
    hear: (change) => {
      if (change.kind === 'changed' && change.now.at > 0) say({ lagMs: Date.now() - change.now.at });
    },
    synced: () => say({ listMs: performance.now() - began, pods: pods.size, blockedMs }),
  },
);
pods.start();

function say(told: object): void {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

/** The longest that anything else had to wait. */
function watchLoop(): void {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    blockedMs = Math.max(blockedMs, now - last - 20);
    last = now;
  }, 20).unref();
}
