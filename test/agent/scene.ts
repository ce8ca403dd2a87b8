import { NodeSpace, PATHS, type Pod, until } from './node-space.ts';
import { differing, standing } from './standing.ts';

const runtimeConfig = {
  portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
  bandwidth: { ingressRate: 80_000_000, ingressBurst: 800_000, egressRate: 40_000_000, egressBurst: 800_000 },
};

/** A node with one pod of two interfaces, how it stands, and what is done to it. */
export class Scene {
  readonly node: NodeSpace;
  readonly pod: Pod;
  readonly links: readonly string[];
  readonly whole: string;

  private constructor(node: NodeSpace, pod: Pod, links: readonly string[]) {
    this.node = node;
    this.pod = pod;
    this.links = [pod.hostLink, ...links];
    this.whole = this.look();
  }

  static async open(config: object, links: readonly string[]): Promise<Scene> {
    const node = await NodeSpace.open({ paths: PATHS, ...config });
    node.sh('iptables-nft -P FORWARD ACCEPT');
    const pod = await node.add('p1', { runtimeConfig });
    const second = await node.call('ADD', 'p1', { name: 'second' }, 'net1');
    if (second.exitCode !== 0) throw new Error(second.stdout);
    const isDown = () => standing(node, { pod: 'p1', links: [pod.hostLink] }).includes('linkdown');
    await until(10_000, 'the kernel has noticed that both ends are up', () => !isDown());
    return new Scene(node, pod, links);
  }

  look(): string {
    return standing(this.node, { pod: 'p1', links: this.links });
  }

  /** Does harm, and waits until all is as it was. Resolves with the milliseconds. */
  async mended(harm: string, withinMs = 3_000): Promise<number> {
    const before = this.look();
    this.node.run('sh', '-ec', this.words(harm));
    let now = '';
    const whole = () => {
      try {
        now = this.look();
      } catch {
        return false; // a link that is not there yet
      }
      return now === before;
    };
    return until(withinMs, 'all is back', whole).catch((error: Error) => {
      throw new Error(`${error.message}\n${differing(before, now)}`);
    });
  }

  /** HOST, IP, POD and NETNS stand for the host end, the address, `ip` in the pod, and for any program in it. */
  words(text: string): string {
    const { hostLink, ip } = this.pod;
    const words = { HOST: hostLink, IP: ip, POD: 'ip -n p1', NETNS: 'nsenter --net=/run/netns/p1' };
    return text.replaceAll(/\b(HOST|IP|POD|NETNS)\b/g, (word) => words[word as keyof typeof words]);
  }
}
