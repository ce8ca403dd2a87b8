// The fake API server with a cluster in it, as a process of its own: node fake.ts NODES PODS. Says its URL when all
// is there, and ends with its input.
import { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import { FakeApiServer } from '../../src/io/kube/testing/fake-server.ts';
import { DEFINITIONS } from '../../src/wire/kube/crd/all.ts';
import { BERTH_NODES } from '../../src/wire/kube/crd/berth-node.ts';
import { CONFIG_MAPS, LEASES, NODES, PODS, STATEFUL_SETS } from '../../src/wire/kube/resource.ts';
import { berthNodeObject, nodeObject, POD_NAMESPACE, podObject } from './population.ts';

const [nodes = 0, pods = 0] = process.argv.slice(2).map(Number);
const store = new ApiStore();
for (let i = 0; i < nodes; i++) {
  store.create({ resource: NODES }, nodeObject(i));
  store.create({ resource: BERTH_NODES }, berthNodeObject(i));
}
for (let i = 0; i < pods; i++) store.create({ resource: PODS, namespace: POD_NAMESPACE }, podObject(i, nodes));
const own = DEFINITIONS.map(({ resource }) => resource);
const others = [NODES, PODS, LEASES, STATEFUL_SETS, CONFIG_MAPS];
const server = await FakeApiServer.open([...own, ...others], store);
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
