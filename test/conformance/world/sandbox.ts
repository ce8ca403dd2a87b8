import { Probe } from '../probe/probe.ts';
import { run, runJson } from './command.ts';

/** A link as iproute2 tells it. */
export interface Link {
  readonly ifname: string;
  readonly address: string; // MAC
  readonly mtu: number;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

/** A network namespace as a runtime makes it, with its loopback up. */
export class Sandbox {
  readonly name: string;
  readonly path: string;
  #probe: Promise<Probe> | undefined;

  static async create(name: string): Promise<Sandbox> {
    await run(`ip netns add ${name}`);
    await run(`ip -n ${name} link set lo up`);
    return new Sandbox(name);
  }

  private constructor(name: string) {
    this.name = name;
    this.path = `/run/netns/${name}`;
  }

  /** `ip` inside of it, words separated by blanks. Throws CommandError. */
  async ip(words: string): Promise<string> {
    return run(`ip -n ${this.name} ${words}`);
  }

  /** Its links but the loopback. */
  async links(): Promise<readonly Link[]> {
    const all = await runJson<Link>(`ip -n ${this.name} -j addr show`);
    return all.filter((link) => link.ifname !== 'lo');
  }

  async link(ifname: string): Promise<Link | undefined> {
    return (await this.links()).find((link) => link.ifname === ifname);
  }

  /** The resident that serves and asks from inside; opened when first wanted. */
  probe(): Promise<Probe> {
    this.#probe ??= Probe.open(this.path);
    return this.#probe;
  }

  /**
   * The namespace and its file go, as when a pod's last process and the runtime's mount have gone. Absent = success.
   */
  async remove(): Promise<void> {
    await (await this.#probe)?.close();
    this.#probe = undefined;
    await run(`ip netns delete ${this.name}`).catch(() => {});
  }
}
