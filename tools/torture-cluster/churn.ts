import { type Random, seeded } from '../../src/base/random.ts';
import { IMAGE } from '../../test/runtime/node.ts';
import type { Api } from '../cluster/api.ts';

const APP = 'churn';
const PAUSE_MS = 250;
const CHANCE = 0.02; // of a pod, each time
const PODS = '/api/v1/namespaces/default/pods';

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly phase?: string; readonly reason?: string; readonly message?: string };
}

/**
 * So many pods, of which some are deleted at random, again and again, and others made in their place. A Deployment
 * would do that less well: its ReplicaSet's controller waits for five minutes, and then until something happens, for
 * pods that it asked for and that were deleted while its watch was broken, as the API server was killed (a comment on
 * kubernetes/kubernetes#129795, 2025-02-13).
 */
export class ClusterChurn {
  deleted = 0; // at random
  readonly ended: string[] = []; // why pods ended by themselves, for which others were made
  trouble: string | undefined; // what the API server said last, if that was a no
  readonly #api: Api;
  readonly #random: Random;
  readonly #pods: number;
  #made = 0;
  #deleting = false;
  #over = false;
  #running: Promise<void> = Promise.resolve();

  constructor(api: Api, seed: number, pods: number) {
    [this.#api, this.#random, this.#pods] = [api, seeded(seed), pods];
  }

  /** The pods come; all of them stay for now. */
  make(): void {
    this.#running = this.#run();
  }

  /** From now on some are deleted. */
  start(): void {
    this.#deleting = true;
  }

  /** Nothing more is deleted at random. */
  stop(): void {
    this.#deleting = false;
  }

  /** Deletes all. The pods go a moment later. */
  async clear(): Promise<void> {
    this.#over = true;
    await this.#running;
    await this.#api.ask('DELETE', `${PODS}?labelSelector=app%3D${APP}`);
  }

  /** While nobody answers nothing is done. */
  async #run(): Promise<void> {
    while (!this.#over) {
      this.trouble = await this.#turn().catch(({ message }: Error) => message);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #turn(): Promise<undefined> {
    const { items } = await this.#api.ask<{ items: readonly Pod[] }>('GET', `${PODS}?labelSelector=app%3D${APP}`);
    for (let i = items.length; i < this.#pods; i++) await this.#api.ask('POST', PODS, pod(`${APP}-${++this.#made}`));
    const isChosen = () => this.#deleting && this.#random.fraction() < CHANCE;
    for (const [i, { metadata, status }] of items.entries()) {
      const isTooMany = i >= this.#pods; // one that was made, and the answer lost
      const why = endOf(status);
      if (!isTooMany && why === undefined && !isChosen()) continue;
      await this.#api.ask('DELETE', `${PODS}/${metadata.name}`);
      if (why === undefined) this.deleted++;
      else this.ended.push(`${metadata.name}: ${why}`);
    }
  }
}

/** Why nobody starts its containers again: a kubelet that was killed may refuse a pod that it had taken. */
function endOf({ phase, reason, message }: Pod['status']): string | undefined {
  if (phase !== 'Failed' && phase !== 'Succeeded') return undefined;
  return [phase, reason, message].filter((word) => word !== undefined).join(', ');
}

/** A pod that ends at once, so that its object is gone before its sandbox. */
function pod(name: string): object {
  const sleeper = {
    name: 'sleeper',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/bin/busybox', 'sleep', '9999'],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: APP } },
    spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers: [sleeper] },
  };
}
