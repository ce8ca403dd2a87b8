import { type Random, seeded } from '../../src/base/random.ts';
import { IMAGE } from '../../test/runtime/node.ts';
import type { Api } from '../cluster/api.ts';

const [NAMESPACE, NAME] = ['default', 'churn'] as const;
const PAUSE_MS = 250;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** A Deployment whose pods are deleted at random, again and again; its controller makes others. */
export class ClusterChurn {
  deleted = 0;
  readonly #api: Api;
  readonly #random: Random;
  readonly #pods: number;
  #over = false;
  #running: Promise<void> = Promise.resolve();

  constructor(api: Api, seed: number, pods: number) {
    [this.#api, this.#random, this.#pods] = [api, seeded(seed), pods];
  }

  /** The pods come; all of them stay for now. */
  async make(): Promise<void> {
    await this.#api.ask('POST', DEPLOYMENTS, deployment(this.#pods));
  }

  /** From now on some are deleted. */
  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing more is deleted; the pods that there are stay. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#running;
  }

  /** Deletes all. The pods go a moment later. */
  async clear(): Promise<void> {
    await this.#api.ask('DELETE', `${DEPLOYMENTS}/${NAME}`);
  }

  /** A few of them at a time. While nobody answers there is nothing to delete. */
  async #run(): Promise<void> {
    while (!this.#over) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      await this.#deleteSome().catch(() => {});
    }
  }

  async #deleteSome(): Promise<void> {
    const { items } = await this.#api.ask<{ items: readonly { metadata: { name: string } }[] }>('GET', PODS);
    const some = items.filter(() => this.#random.fraction() < 0.02);
    for (const { metadata } of some) {
      await this.#api.ask('DELETE', `${PODS}/${metadata.name}`);
      this.deleted++;
    }
  }
}

/** Pods that end at once, so that their objects are gone before their sandboxes. */
function deployment(replicas: number): object {
  const labels = { app: NAME };
  const sleeper = {
    name: 'sleeper',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/bin/busybox', 'sleep', '9999'],
  };
  const spec = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [sleeper] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
