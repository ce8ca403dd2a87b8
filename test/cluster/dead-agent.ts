import { expect, test } from 'vitest';
import type { StandingCluster } from './standing.ts';

const AWAY_MS = 60_000; // docs/kubernetes.md, "Install"
const SEEN_MS = 30_000; // an agent that ends is not Ready at once, and its controller hears of it a moment later

/** An agent that cannot start: for a cluster with a controller, installed by the manifest. */
export function deadAgentTests(cluster: () => StandingCluster): void {
  test('A23: the node of an agent that cannot start is tainted by the controller, and free again when one serves', async () => {
    const kubectl = (line: string) => cluster().kubectl(line.split(' '));
    const taints = () => kubectl('get node node-3 -o jsonpath={.spec.taints[*].key}');
    const agent = () => {
      const fields = '--field-selector spec.nodeName=node-3 -o name';
      return kubectl(`-n kube-system get pods -l app.kubernetes.io/name=berth ${fields}`).trim();
    };
    const config = kubectl('-n kube-system get configmap berth -o jsonpath={.data.config\\.yaml}');
    const configure = (text: string) => {
      const patch = JSON.stringify({ data: { 'config.yaml': text } });
      cluster().kubectl(['-n', 'kube-system', 'patch', 'configmap', 'berth', '--type=merge', '-p', patch]);
    };
    expect(taints()).not.toContain('berth.dev');
    configure('nonsense: 1'); // the other agents go on as they are
    kubectl(`-n kube-system delete ${agent()}`);
    const began = performance.now();
    await expect.poll(taints, { timeout: AWAY_MS + SEEN_MS, interval: 1_000 }).toContain('node.berth.dev/not-ready');
    expect(performance.now() - began).toBeGreaterThan(AWAY_MS - SEEN_MS);
    expect(kubectl(`-n kube-system logs ${agent()}`)).toContain('nonsense');
    configure(config);
    kubectl(`-n kube-system delete ${agent()}`); // the next one has no pause to wait for
    await expect.poll(taints, { timeout: SEEN_MS, interval: 1_000 }).not.toContain('berth.dev');
  }, 180_000);
}
