import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { PodName } from '../../core/attachment.ts';
import { willAsk } from '../../core/cluster/bound.ts';
import { asksForAccounts, type GroupPolicy, groupsOfPod } from '../../core/cluster/pod-groups.ts';
import type { Labels } from '../../core/cluster/label-selector.ts';
import { KubeError } from '../../io/kube/client.ts';
import { type Change, Informer, type InformerQuestion } from '../../io/kube/informer.ts';
import {
  POD_SECURITY_GROUPS,
  readPodSecurityGroups,
  readSecurityGroupPolicy,
  SECURITY_GROUP_POLICIES,
} from '../../wire/kube/crd/pod-security-groups.ts';
import { type KubeObject, textsByName } from '../../wire/kube/object.ts';
import type { PodShape } from '../../wire/kube/pod.ts';
import { type Resource, SERVICE_ACCOUNTS } from '../../wire/kube/resource.ts';
import type { KubeDoors } from './cluster-runner.ts';
import { nameOfPod, type PodRunner } from './pod-runner.ts';
import { RefusalError } from './pool-runner.ts';

export interface PodGroupsDoors {
  readonly kube: KubeDoors;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pods: PodRunner;
  /** The pod will ask for a NIC with these groups, soon. Returns at once. */
  readonly expect: (pod: PodName, groups: readonly string[]) => void;
  /** It will not. */
  readonly forget: (pod: Pick<PodName, 'namespace' | 'name'>) => void;
}

/**
 * Which pods have security groups of their own: what objects of ours and of AWS's kind say. A pod is never taken for
 * one that has none while that is not known.
 */
export class PodGroupsRunner {
  readonly #doors: PodGroupsDoors;
  readonly #ours: Informer<GroupPolicy>;
  readonly #theirs: Informer<GroupPolicy>;
  readonly #seen = new Set<string>(); // pods, each looked at once: the runtime comes about a second after it

  constructor(doors: PodGroupsDoors) {
    this.#doors = doors;
    // a server that has told of our kind knows which kinds there are, and one that has only begun does not
    this.#ours = this.#follow(POD_SECURITY_GROUPS, readPodSecurityGroups, { synced: () => this.#theirs.start() });
    this.#theirs = this.#follow(SECURITY_GROUP_POLICIES, readSecurityGroupPolicy, { mayBeUnknown: true });
    doors.pods.leaveOut((pod) => this.#mayBeApart(pod));
    doors.pods.watch((change) => this.#hear(change));
  }

  start(): void {
    this.#ours.start();
  }

  stop(): void {
    this.#ours.stop();
    this.#theirs.stop();
  }

  /** In order, each once; none: those of its node. Throws RefusalError while it is not known. */
  async groupsOf(pod: PodName): Promise<readonly string[]> {
    const silent = [this.#ours, this.#theirs].find(({ synced }) => !synced);
    if (silent !== undefined)
      throw unknown(silent.trouble?.message ?? 'the API server has not told of PodSecurityGroups yet');
    const policies = this.#policies();
    if (!policies.some(({ namespace }) => namespace === pod.namespace)) return [];
    const known = await this.#doors.pods.tell(pod);
    if (known === undefined) throw unknown(`the API server has not told of the pod ${pod.namespace}/${pod.name}`);
    const { namespace, labels } = known;
    const asks = asksForAccounts(policies, namespace);
    const serviceAccount = asks ? await this.#accountLabels(namespace, known.serviceAccount) : undefined;
    const groups = groupsOfPod(policies, { namespace, labels, serviceAccount });
    if (groups !== 'unknown') return groups;
    throw unknown(`the API server has not told of the service account ${namespace}/${known.serviceAccount}`);
  }

  #hear(change: Change<PodShape>): void {
    const { key } = change;
    if (change.kind === 'removed') {
      this.#seen.delete(key);
      this.#doors.forget(change.before);
      return;
    }
    const isNew = !this.#seen.has(key);
    this.#seen.add(key);
    if (isNew && willAsk(change.now)) void this.#expect(change.now);
    if (!isNew && !willAsk(change.now)) this.#doors.forget(change.now);
  }

  /** What is not known yet its ADD asks for itself. */
  async #expect(bound: PodShape): Promise<void> {
    const pod = nameOfPod(bound);
    try {
      const groups = await this.groupsOf(pod);
      const now = this.#doors.pods.get(pod);
      if (groups.length > 0 && now !== undefined && willAsk(now)) this.#doors.expect(pod, groups);
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
    }
  }

  /** Whether it is selected, as far as its own labels tell. */
  #mayBeApart({ namespace, labels }: PodShape): boolean {
    const groups = groupsOfPod(this.#policies(), { namespace, labels, serviceAccount: undefined });
    return groups === 'unknown' || groups.length > 0;
  }

  #policies(): readonly GroupPolicy[] {
    return [...this.#ours.values(), ...this.#theirs.values()];
  }

  async #accountLabels(namespace: string, name: string): Promise<Labels | undefined> {
    try {
      const found = await this.#doors.kube.client.get({ resource: SERVICE_ACCOUNTS, namespace, name });
      return textsByName(found.metadata['labels']);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return error.kind === 'absent' ? {} : undefined;
    }
  }

  /** Our own kind is there, or will be: without it nobody knows. */
  #follow(
    resource: Resource,
    read: (object: KubeObject) => GroupPolicy,
    more: Pick<InformerQuestion<GroupPolicy>, 'mayBeUnknown' | 'synced'>,
  ): Informer<GroupPolicy> {
    const { kube, clock, log } = this.#doors;
    return new Informer({ ...kube, clock, log }, { select: { resource }, read, hear: () => {}, ...more });
  }
}

function unknown(because: string): RefusalError {
  return new RefusalError({ why: 'pod-groups-unknown', because });
}
