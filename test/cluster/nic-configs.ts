import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Summary } from '../../emulator/server/summary.ts';
import { IMAGE } from '../runtime/node.ts';
import type { StandingCluster } from './standing.ts';

// On an emulated VPC of two zones: node-1 and node-3 stand in the first, where two subnets are empty.

const NAMESPACE = 'placed';

class Placed {
  readonly #cluster: () => StandingCluster;

  constructor(cluster: () => StandingCluster) {
    this.#cluster = cluster;
  }

  kubectl(line: string, input?: string): string {
    return this.#cluster().kubectl(line.split(' '), input);
  }

  apply(...items: readonly object[]): void {
    this.kubectl('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** The id of a subnet that nothing stands in yet. */
  async subnet(name: string): Promise<string> {
    const { subnets } = await this.#cluster().cloud<Summary>('GET /v1/cloud');
    const found = subnets.find((it) => it.name === name);
    if (found === undefined) throw new Error(`no subnet ${name}`);
    return found.id;
  }

  /** A pod on a node, with these annotations. */
  pod(name: string, node: string, annotations: object = {}): void {
    const containers = [{ name, image: IMAGE, imagePullPolicy: 'Never', command: ['/bin/busybox', 'sleep', '9999'] }];
    const spec = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, nodeName: node, containers };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    this.apply(namespace, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, annotations },
      spec,
    });
  }

  /** The subnet of the NIC that a pod's address is on, once it runs and reaches the nodes of both zones. */
  async standing(name: string): Promise<string | undefined> {
    this.kubectl(`-n ${NAMESPACE} wait --for=condition=Ready pod/${name} --timeout=90s`);
    for (const node of ['10.0.0.13', '10.0.1.12'])
      this.kubectl(`-n ${NAMESPACE} exec ${name} -- /bin/busybox ping -c 1 -w 5 ${node}`);
    const ip = this.kubectl(`-n ${NAMESPACE} get pod ${name} -o jsonpath={.status.podIP}`);
    return (await this.nicsOf([ip]))[0]?.subnet;
  }

  /** The NICs that addresses are on, as the cloud says. */
  async nicsOf(addresses: readonly string[]): Promise<readonly { readonly id: string; readonly subnet: string }[]> {
    const { instances } = await this.#cluster().cloud<Summary>('GET /v1/cloud');
    const nics = instances.flatMap((it) => it.nics);
    return addresses.flatMap((address) => nics.find((it) => it.addresses.includes(address)) ?? []);
  }

  events(kind: string): string {
    const path = '{range .items[*]}{.reason}: {.message}{"\\n"}{end}';
    return this.#cluster().kubectl([
      'get',
      'events',
      '-A',
      `--field-selector=involvedObject.kind=${kind}`,
      '-o',
      `jsonpath=${path}`,
    ]);
  }
}

/** Pods that ask for a NICConfig. Leaves a NICConfig, and a NIC that is given back when it has been idle. */
export function askedConfigTests(cluster: () => StandingCluster): void {
  test('A47: a pod that asks for a NICConfig has an address of its subnet, and speaks there', async () => {
    const it = new Placed(cluster);
    const subnet = await it.subnet('pods-1');
    it.apply({
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'NICConfig',
      metadata: { name: 'blue' },
      spec: { subnet },
    });
    it.pod('asks', 'node-1', { 'berth.dev/subnet': 'blue' });
    it.pod('asks-in-vain', 'node-1', { 'berth.dev/subnet': 'red' });
    expect(await it.standing('asks')).toBe(subnet);
    await expect
      .poll(() => it.events('Pod'), { timeout: 20_000 })
      .toMatch(/AnnotationRefused: .* berth\.dev\/subnet says "red": it must be the name of .*: there are blue/);
    it.kubectl(`-n ${NAMESPACE} delete pod asks asks-in-vain --wait=false`);
  }, 120_000);
}

/** Pods with several interfaces. */
export function interfacesTests(cluster: () => StandingCluster): void {
  test('A50: a pod has an address of two NICs, speaks from both, and each is answered by the interface that was asked', async () => {
    const it = new Placed(cluster);
    it.pod('two', 'node-3', { 'berth.dev/interfaces': '2' });
    const first = await it.standing('two');
    const inPod = (words: string) => it.kubectl(`-n ${NAMESPACE} exec two -- /bin/busybox ${words}`);
    const addresses = ['eth0', 'eth1'].map((name) => /inet ([\d.]+)/.exec(inPod(`ip -4 addr show ${name}`))?.[1] ?? '');
    const nics = await it.nicsOf(addresses);
    expect(new Set(nics.map(({ id }) => id)).size).toBe(2);
    expect(nics.map(({ subnet }) => subnet)).toEqual([first, first]);
    await cluster().cloud('DELETE /v1/drops');
    for (const address of addresses) {
      inPod(`ping -c 1 -w 5 -I ${address} 10.0.1.12`); // the cloud drops what leaves by a NIC that is another's
      cluster().onNode('node-2', `busybox ping -c 1 -w 5 ${address}`);
    }
    expect(it.kubectl(`-n ${NAMESPACE} get pod two -o jsonpath={.status.podIPs[*].ip}`)).toBe(addresses[0]);
    expect(await cluster().cloud<readonly object[]>('GET /v1/drops')).toEqual([]);
    it.kubectl(`-n ${NAMESPACE} delete pod two --wait=false`);
  }, 120_000);
}

/** Nodes that name an ENIConfig: the agents are started anew by it. The last test of its cluster. */
export function nodeConfigTests(cluster: () => StandingCluster): void {
  test('A47: nodes make no NIC without the ENIConfig that they name, say so, and go by it as soon as it is there', async () => {
    const it = new Placed(cluster);
    const subnet = await it.subnet('pods-2');
    it.apply(ENI_CONFIG_DEFINITION);
    it.kubectl('annotate node node-1 node-2 node-3 k8s.amazonaws.com/eniConfig=us-east-1a');
    const config = it.kubectl('-n kube-system get configmap berth -o jsonpath={.data.config\\.yaml}');
    const { cloud, ...rest } = parse(config) as { readonly cloud: object };
    const pool = { cooldown: '1s' }; // NICs that are full of what just ended make room the sooner
    const data = { 'config.yaml': JSON.stringify({ ...rest, cloud: { ...cloud, nicConfigs: 'node' }, pool }) };
    cluster().kubectl([
      '-n',
      'kube-system',
      'patch',
      'configmap',
      'berth',
      '--type=merge',
      '-p',
      JSON.stringify({ data }),
    ]);
    // the mounted file follows late: new pods have it at once; AWS's kind is looked for at the start
    it.kubectl('-n kube-system delete pods -l app.kubernetes.io/name=berth');
    it.kubectl('-n kube-system delete pods -l app.kubernetes.io/name=berth-controller');
    it.pod('waits', 'node-1');
    await expect.poll(() => it.events('Node'), { timeout: 60_000 }).toMatch(/NICConfigMissing: .* named us-east-1a/);
    await expect
      .poll(() => it.events('Pod'), { timeout: 60_000 })
      .toMatch(/NICConfigMissing: placed\/waits .* us-east-1a/);
    it.apply({
      apiVersion: 'crd.k8s.amazonaws.com/v1alpha1',
      kind: 'ENIConfig',
      metadata: { name: 'us-east-1a' },
      spec: { subnet },
    });
    expect(await it.standing('waits')).toBe(subnet);
  }, 240_000);
}

/** The definition that comes with aws-node, as far as the API server needs it. */
const ENI_CONFIG_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'eniconfigs.crd.k8s.amazonaws.com' },
  spec: {
    group: 'crd.k8s.amazonaws.com',
    names: { kind: 'ENIConfig', listKind: 'ENIConfigList', plural: 'eniconfigs', singular: 'eniconfig' },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
