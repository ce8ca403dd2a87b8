import type { Answer, View } from '../../emulator/cloud/answer.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import type { Request } from '../../emulator/cloud/request.ts';
import { type CloudSetting, VPC, ZONE } from './cloud-setting.ts';
import type { Cluster, Node } from './cluster.ts';

/** Makes the VPC, its subnets and the instances, which then run. */
export async function launch(cluster: Cluster, of: CloudSetting): Promise<readonly Id[]> {
  const { region } = cluster;
  const made = <K extends View['kind']>(kind: K, request: Request) => viewOf(kind, region.outside(request));
  const { vpc } = made('vpc', { do: 'create-vpc', range: VPC, v6: false, tags: {} });
  const subnet = (v4: CloudSetting['subnet'], tags: Readonly<Record<string, string>>) =>
    made('subnet', { do: 'create-subnet', vpc: vpc.id, zone: ZONE, v4, tags }).subnet.id;
  const first = subnet(of.subnet, {});
  if (of.more !== undefined) subnet(of.more, { 'kubernetes.io/role/cni': '1' });
  const nics = [{ device: 0, subnet: first }];
  const request: Request = { do: 'run-instances', least: of.nodes, most: of.nodes, type: of.type, nics, tags: {} };
  const answer = region.outside(request);
  await cluster.pass(60_000);
  return answer.is === 'launched' ? answer.instances.map(({ instance }) => instance.id) : [];
}

function viewOf<K extends View['kind']>(kind: K, answer: Answer): Extract<View, { readonly kind: K }> {
  if (answer.is !== 'made' || answer.view.kind !== kind) throw new Error(`sim: no ${kind} was made`);
  return answer.view as Extract<View, { readonly kind: K }>;
}

/** The instance is terminated from outside: its machine is gone, and all pods on it. */
export function terminate(cluster: Cluster, node: Node): void {
  node.run.tell(() => 'others terminate the instance');
  cluster.remove(node);
  cluster.region.outside({ do: 'terminate-instances', instances: [node.instance] });
}
