import { type BerthNodeStatus, readBerthNodeStatus } from '../../../wire/kube/crd/berth-node.ts';
import { type KubeObject, loose, looseList, text } from '../../../wire/kube/object.ts';
import { type Kubectl, objectsOf, type Said } from './kubectl.ts';

/** A pod, as far as `why` wants to know it. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly node: string; //      '': not bound yet
  readonly hostNetwork: boolean;
  readonly waits: string; //     why it is bound to no node, in the scheduler's words
}

/** One agent's pod. */
export interface AgentPod {
  readonly name: string;
  readonly node: string;
  readonly running: boolean;
}

/** One node as its BerthNode tells. */
export interface NodeRow extends BerthNodeStatus {
  readonly node: string;
}

/** What Kubernetes says about Berth: each question is one `kubectl`. Throws CliError. */
export class ClusterQuestions {
  readonly #kubectl: Kubectl;
  readonly #berthNamespace: string;

  constructor(kubectl: Kubectl, berthNamespace: string) {
    this.#kubectl = kubectl;
    this.#berthNamespace = berthNamespace;
  }

  /** Without a namespace: that of kubectl's context. */
  async pod(name: string, namespace?: string): Promise<PodFacts | undefined> {
    const within = namespace === undefined ? [] : ['-n', namespace];
    return (await this.#get('pod', name, ...within))?.map(podFacts)[0];
  }

  async podOfAddress(address: string): Promise<PodFacts | undefined> {
    const found = (await this.#get('pods', '-A', '--field-selector', `status.podIP=${address}`))?.map(podFacts) ?? [];
    return found.find(({ hostNetwork }) => !hostNetwork);
  }

  /** All agents, or that of a node. */
  async agents(node?: string): Promise<readonly AgentPod[]> {
    const only = node === undefined ? [] : ['--field-selector', `spec.nodeName=${node}`];
    const of = ['-n', this.#berthNamespace, '-l', 'app.kubernetes.io/name=berth'];
    return ((await this.#get('pods', ...of, ...only)) ?? []).map(agentPod);
  }

  async nodeRows(node?: string): Promise<readonly NodeRow[]> {
    const found = (await this.#get('berthnodes', ...(node === undefined ? [] : [node]))) ?? [];
    return found.flatMap((object) => {
      const status = readBerthNodeStatus(object);
      return status === undefined ? [] : [{ node: object.metadata.name, ...status }];
    });
  }

  /** Which replica of the controller leads; undefined: none says so. */
  async leader(): Promise<string | undefined> {
    const [lease] = (await this.#get('lease', 'berth-controller', '-n', this.#berthNamespace)) ?? [];
    return text(loose(lease?.['spec'])['holderIdentity']) || undefined;
  }

  /** What Events of Berth say about a pod, oldest first. */
  async events({ namespace, name }: PodFacts): Promise<readonly string[]> {
    const only = `involvedObject.name=${name},source=berth`;
    const found = (await this.#get('events', '-n', namespace, '--field-selector', only)) ?? [];
    return found.map(({ lastTimestamp, message }) => `${text(lastTimestamp)}   ${text(message)}`).toSorted();
  }

  /** A command of `berth` in an agent's own container. */
  inAgent({ name }: AgentPod, words: readonly string[]): Promise<Said> {
    return this.#kubectl(['exec', '-n', this.#berthNamespace, name, '-c', 'agent', '--', 'berth', ...words]);
  }

  #get(...words: readonly string[]): Promise<readonly KubeObject[] | undefined> {
    return objectsOf(this.#kubectl, words);
  }
}

function podFacts({ metadata, spec, status }: KubeObject): PodFacts {
  const { nodeName, hostNetwork } = loose(spec);
  const scheduled = looseList(loose(status)['conditions']).find(({ type }) => type === 'PodScheduled');
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    node: text(nodeName),
    hostNetwork: hostNetwork === true,
    waits: text(scheduled?.['message']),
  };
}

function agentPod({ metadata, spec, status }: KubeObject): AgentPod {
  const states = looseList(loose(status)['containerStatuses']).map(({ state }) => loose(state));
  const running = metadata['deletionTimestamp'] === undefined && states.some((it) => it['running'] !== undefined);
  return { name: metadata.name, node: text(loose(spec)['nodeName']), running };
}
