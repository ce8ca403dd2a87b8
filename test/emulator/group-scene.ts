import { execFile } from 'node:child_process';
import { expect, vi } from 'vitest';
import type { GroupRule, Id, Nic } from '../../emulator/cloud/nouns.ts';
import type { Topology } from '../../emulator/server/topology.ts';
import type { Clock } from '../../src/base/clock.ts';
import { seeded } from '../../src/base/random.ts';
import { FakeKubeClient } from '../../src/io/kube/testing/fake-client.ts';
import { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { realClock } from '../../src/io/system/clock.ts';
import { POD_SECURITY_GROUPS, SECURITY_GROUP_POLICIES } from '../../src/wire/kube/crd/pod-security-groups.ts';
import { NODES, PODS, type Resource, SERVICE_ACCOUNTS } from '../../src/wire/kube/resource.ts';
import { Actor } from './actor.ts';
import { AWS_ENVIRONMENT, AwsRegion, idMade } from './aws-region.ts';
import { LiveNode, type LivePod } from './live-node.ts';

/** The port of the nodes themselves that answers. */
export const PORT = 8080;
/** A lost SYN is sent again after one second. */
export const PATIENCE_MS = 1_500;
const NAMES = ['node-1', 'node-2'];
const TOPOLOGY: Topology = {
  zones: ['eu-west-1a'],
  vpcs: [
    {
      name: 'vpc',
      range: '10.0.0.0/16',
      subnets: [
        { name: 'a', zone: 'eu-west-1a', range: '10.0.1.0/24' },
        { name: 'pods', zone: 'eu-west-1a', range: '10.0.2.0/24' },
      ],
      instances: NAMES.map((name) => ({ name, subnet: 'a', type: 'm5.large' })),
    },
  ],
};

/** How an agent begins. */
export interface AgentIs {
  readonly directory?: string; // of what it knows
  readonly cloud?: string; //     more of its configuration: ", key: value"
  readonly clock?: Clock;
}

/** What the API server knows of a pod. */
export interface PodIs {
  readonly namespace?: string;
  readonly labels?: object;
  readonly account?: string;
}

/**
 * Two nodes with agents on an emulated VPC that judges, and an API server. Pods of the namespace shop that are labelled
 * app=web have the group `web`, and those of the account bank/teller: port 80 is open to everybody there, and no other.
 */
export class GroupScene {
  readonly region: AwsRegion;
  readonly store = new ApiStore();
  readonly web: Id;
  readonly nodes: LiveNode[] = [];
  readonly #actors = new Map<string, Actor>();

  private constructor(region: AwsRegion) {
    this.region = region;
    const vpc = region.nics('node-1')[0]?.vpc ?? ('' as Id);
    this.web = idMade(region.ask({ do: 'create-group', vpc, name: 'web', description: 'web', tags: {} }));
  }

  static async open(podGroups: 'strict' | 'standard'): Promise<GroupScene> {
    for (const [name, value] of Object.entries(AWS_ENVIRONMENT)) vi.stubEnv(name, value);
    const scene = new GroupScene(await AwsRegion.open({ topology: TOPOLOGY, packets: true }));
    const { web, region } = scene;
    const peer = { range: '0.0.0.0/0' as GroupRule['peer'] extends { range: infer R } ? R : never };
    const rules = [{ protocol: 'tcp', ports: { from: 80, to: 80 }, peer }] as never;
    region.ask({ do: 'add-rules', group: web, way: 'ingress', rules });
    scene.make(POD_SECURITY_GROUPS, 'web', {
      namespace: 'shop',
      spec: { podSelector: { matchLabels: { app: 'web' } }, securityGroups: [web] },
    });
    scene.make(SECURITY_GROUP_POLICIES, 'by-account', {
      namespace: 'bank',
      spec: { serviceAccountSelector: { matchLabels: { pci: 'yes' } }, securityGroups: { groupIds: [web] } },
    });
    scene.make(SERVICE_ACCOUNTS, 'teller', { namespace: 'bank', labels: { pci: 'yes' } });
    for (const name of NAMES) scene.make(NODES, name, {});
    for (const name of NAMES) scene.nodes.push(await scene.#agentOn(name, podGroups));
    for (const name of NAMES) scene.#actors.set(name, await Actor.open(scene.#machine(name).entering([]), PORT));
    return scene;
  }

  async close(): Promise<void> {
    for (const it of this.#actors.values()) it.close();
    for (const it of this.nodes.splice(0)) await it.close();
    await this.region.close();
    vi.unstubAllEnvs();
  }

  /** An object of the API server. */
  make(resource: Resource, name: string, of: { namespace?: string; labels?: object; spec?: object }): void {
    const { namespace, labels = {}, spec = {} } = of;
    const at = namespace === undefined ? { resource } : { resource, namespace };
    this.store.create(at, { metadata: { name, labels, ...(namespace && { namespace }) }, spec, status: {} });
  }

  /** The API server knows a pod that is bound to a node. */
  bind(node: number, name: string, { namespace = 'shop', labels = {}, account = 'default' }: PodIs): void {
    const spec = { nodeName: this.#node(node).name, serviceAccountName: account };
    this.make(PODS, name, { namespace, labels, spec });
  }

  /** One that is bound, through ADD; it answers on 80 and 81. */
  async start(node: number, name: string, { namespace = 'shop' }: PodIs = {}): Promise<LivePod> {
    const { uid } = this.store.get({ resource: PODS, namespace, name }).metadata;
    const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
    const made = await this.#node(node).pod(name, [], args);
    await made.space.listen('tcp', made.address, 81);
    return made;
  }

  pod(node: number, name: string, of: PodIs = {}): Promise<LivePod> {
    this.bind(node, name, of);
    return this.start(node, name, of);
  }

  /** Under which address a pod is seen there, or "nothing", "refused". */
  async seen(from: LivePod, to: string, port: number): Promise<string | undefined> {
    return (await from.space.ask('tcp', to, port, { patienceMs: PATIENCE_MS })).split(' ')[0];
  }

  branches(): readonly Nic[] {
    return [...this.region.world.cloud.nics.values()].filter(({ kind }) => kind === 'branch');
  }

  branchOf({ address }: LivePod): Nic | undefined {
    return this.branches().find(({ addresses }) => addresses.includes(address as never));
  }

  /** Somebody in the node itself. */
  actor(name: string): Actor {
    return this.#actors.get(name) ?? expect.fail(`nobody in ${name}`);
  }

  ipOf(name: string): string {
    return this.region.nics(name)[0]?.addresses[0] ?? expect.fail(`no address of ${name}`);
  }

  /** What a shell in an instance prints. */
  inMachine(name: string, command: string): Promise<string> {
    const [program, ...words] = this.#machine(name).entering(['sh', '-c', `exec 2>&1; ${command}`]);
    return new Promise((resolve) => execFile(program, words, (_, stdout) => resolve(stdout.trim())));
  }

  /** The agent of a node ends, and another begins with what it knew. */
  async restart(node = 0, podGroups = 'strict', more: AgentIs = {}): Promise<void> {
    const on = this.#node(node);
    const directory = await on.end();
    this.nodes[node] = await this.#agentOn(on.name, podGroups, { ...more, directory });
  }

  async #agentOn(name: string, podGroups: string, { directory, cloud = '', clock }: AgentIs = {}): Promise<LiveNode> {
    const kube = { client: new FakeKubeClient(this.store, realClock), random: seeded(1) };
    const config = [
      'network: { tunnel: { use: never } }',
      `cloud: { podGroups: ${podGroups}, podNicIdle: 60s${cloud} }`,
      'kubernetes: { access: in-cluster, tellNode: false, events: false }',
      'pool: { cooldown: 1s, patience: 15s }',
      'repair: { delay: 1s }',
      '',
    ].join('\n');
    const provider = await this.region.provider(name);
    const options = { config, kube, ...(directory && { directory }), ...(clock && { clock }) };
    return LiveNode.open(name, this.#machine(name).netns.path, provider, options);
  }

  #node(node: number): LiveNode {
    return this.nodes[node] ?? expect.fail('no node');
  }

  #machine(name: string) {
    const machine = this.region.emulator.fabric?.machine(this.region.instance(name));
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  }
}
