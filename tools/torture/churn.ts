import { spawn } from 'node:child_process';
import { type Random, seeded } from '../../src/base/random.ts';
import type { TortureNode } from './node.ts';

/**
 * Pods that come and go, one lane a sandbox, as a runtime would have it: ADD; when it fails, DEL; else some time
 * later DEL until it succeeds.
 */
export class Churn {
  readonly random: Random;
  readonly faults: string[] = [];
  added = 0;
  deleted = 0;
  again = 0;
  readonly #node: TortureNode;
  readonly #lanes: number;
  readonly #holders = new Map<string, string>(); // address → container, of pods that live
  #over = false;
  #next = 0;

  constructor(node: TortureNode, seed: number, lanes: number) {
    this.#node = node;
    this.#lanes = lanes;
    this.random = seeded(seed);
  }

  /** Runs until stopped and every pod is gone. */
  async run(): Promise<void> {
    this.#over = false;
    await Promise.all(Array.from({ length: this.#lanes }, (_, lane) => this.#lane(lane)));
  }

  stop(): void {
    this.#over = true;
  }

  async #lane(lane: number): Promise<void> {
    while (!this.#over) {
      const container = `c${this.#next++}`;
      const added = await this.#call('ADD', container, lane);
      if (added.ok) {
        this.added++;
        this.#hold(container, added.out);
        await new Promise((resolve) => setTimeout(resolve, this.random.fraction() * 120));
      }
      this.#letGo(container); // before DEL: from here on the address may be another's once DEL has answered
      await this.#remove(container, lane);
    }
  }

  /** As runtimes do: again and again until it succeeds. */
  async #remove(container: string, lane: number): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const { ok } = await this.#call('DEL', container, lane);
      if (ok) {
        this.deleted++;
        return;
      }
      this.again++;
    }
    this.faults.push(`${container}: DEL did not succeed in 50 tries`);
  }

  #hold(container: string, out: string): void {
    const { ips } = JSON.parse(out) as { ips: { address: string }[] };
    if (ips.length !== 2) this.faults.push(`${container}: ${ips.length} addresses instead of two`);
    for (const { address } of ips) {
      const holder = this.#holders.get(address);
      if (holder !== undefined) this.faults.push(`${address} was given to ${container} while ${holder} had it`);
      this.#holders.set(address, container);
    }
  }

  #letGo(container: string): void {
    for (const [address, holder] of this.#holders) if (holder === container) this.#holders.delete(address);
  }

  #call(verb: 'ADD' | 'DEL', container: string, lane: number): Promise<{ ok: boolean; out: string }> {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: container,
      CNI_NETNS: `/run/netns/p${lane}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: 'build',
      BERTH_SOCKET: this.#node.socket,
      BERTH_SPOOL: this.#node.spool,
    };
    return new Promise((resolve, reject) => {
      const child = spawn('build/berth-cni', { env, stdio: ['pipe', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
      child.on('error', reject);
      child.on('close', (code) => {
        if (code !== 0 && !/"code":/.test(out))
          this.faults.push(`${verb} of ${container} ended with ${code} and no reason: ${out}`);
        if (code !== 0 && verb === 'ADD') this.faults.push(`ADD of ${container} was refused: ${out}`);
        resolve({ ok: code === 0, out });
      });
      child.stdin.end(JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'berth-cni' }));
    });
  }
}
