import { silent } from '../../src/base/log.ts';
import { seeded } from '../../src/base/random.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { Informer } from '../../src/io/kube/informer.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { type KubeObject, loose, looseList, text } from '../../src/wire/kube/object.ts';
import { PODS, type Resource } from '../../src/wire/kube/resource.ts';
import { IMAGE, until } from '../../test/runtime/node.ts';

const NAMESPACE = 'bench';
const LIMIT_MS = 120_000;
const OWN = { resource: PODS, namespace: NAMESPACE } as const;

const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const ACCOUNTS: Resource = { ...NAMESPACES, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };

/** What is told of a pod. */
interface Facts {
  readonly scheduled: boolean;
  readonly ready: boolean;
  readonly says: string; // the kubelet, of its first container
}

/** When that was heard, by performance.now(). */
interface Heard {
  scheduledMs?: number;
  readyMs?: number;
}

/**
 * Pods of one namespace, and when a watch told of them: conditions of the API have whole seconds. Ends with its client.
 */
export class PodBook {
  readonly #client: KubeClient;
  readonly #heard = new Map<string, Heard>();
  readonly #pods: Informer<Facts>;
  #made = 0;

  private constructor(client: KubeClient) {
    this.#client = client;
    const doors = { client, clock: realClock, random: seeded(1), log: silent };
    this.#pods = new Informer(doors, {
      select: OWN,
      read: facts,
      hear: (change) => change.kind !== 'removed' && this.#hear(change.key, change.now),
    });
  }

  static async open(client: KubeClient): Promise<PodBook> {
    const book = new PodBook(client);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await client.create({ resource: NAMESPACES }, namespace);
    const account = { resource: ACCOUNTS, namespace: NAMESPACE, name: 'default' };
    const isThere = () =>
      client.get(account).then(
        () => true,
        () => false,
      );
    await until(LIMIT_MS, 'the namespace has its account', isThere);
    book.#pods.start();
    await until(LIMIT_MS, 'pods are heard of', () => book.#pods.synced);
    return book;
  }

  /** Makes pods and resolves when all are Ready: for each, how long that took since it was scheduled. */
  async make(count: number, node?: string): Promise<ReadonlyMap<string, number>> {
    const names = Array.from({ length: count }, () => `pod-${++this.#made}`);
    await Promise.all(names.map((name) => this.#client.create(OWN, pod(name, node))));
    const heard = (name: string) => this.#heard.get(`${NAMESPACE}/${name}`);
    const late = () => names.filter((name) => heard(name)?.readyMs === undefined);
    await until(LIMIT_MS, `${count} pods are Ready`, () => late().length === 0).catch((cause: unknown) => {
      const says = late().map((name) => `${name}: ${this.#pods.get(`${NAMESPACE}/${name}`)?.says ?? 'unheard of'}`);
      throw new Error(says.join('\n'), { cause });
    });
    return new Map(names.map((name) => [name, (heard(name)?.readyMs ?? 0) - (heard(name)?.scheduledMs ?? 0)]));
  }

  /** Deletes all pods, and resolves with their names when nobody hears of them any more. */
  async clear(): Promise<readonly string[]> {
    const names = [...this.#heard.keys()].map((key) => key.slice(NAMESPACE.length + 1));
    await Promise.all(names.map((name) => this.#client.remove({ ...OWN, name })));
    await until(LIMIT_MS, 'all pods are gone', () => this.#pods.values().length === 0);
    this.#heard.clear();
    return names;
  }

  #hear(key: string, { scheduled, ready }: Facts): void {
    const heard = this.#heard.get(key) ?? {};
    this.#heard.set(key, heard);
    const now = performance.now();
    if (scheduled) heard.scheduledMs ??= now;
    if (ready) heard.readyMs ??= now;
  }
}

function facts({ spec, status }: KubeObject): Facts {
  const { conditions, containerStatuses } = loose(status);
  return {
    scheduled: text(loose(spec)['nodeName']) !== '',
    ready: looseList(conditions).some((it) => it['type'] === 'Ready' && it['status'] === 'True'),
    says: JSON.stringify(looseList(containerStatuses)[0]?.['state'] ?? 'nothing'),
  };
}

/** One that only sleeps; it ends at once. */
export function pod(name: string, node?: string): object {
  const sleeper = {
    name: 'sleeper',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/bin/busybox', 'sleep', '9999'],
  };
  const spec = {
    ...(node === undefined ? {} : { nodeName: node }),
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false, // a volume that the kubelet mounts late tells nothing of a network
    containers: [sleeper],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}
