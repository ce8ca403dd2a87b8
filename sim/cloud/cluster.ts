import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { interfaceAddress } from '../../src/base/ip.ts';
import type { HostLink } from '../../src/io/kernel/kernel.ts';
import { type Cloud, nicsOf } from '../../emulator/cloud/cloud.ts';
import type { Id } from '../../emulator/cloud/nouns.ts';
import { quiet, type Run, type Together } from '../run.ts';
import type { SimTime } from '../time.ts';
import type { Region } from './region.ts';

const TURNS = 400_000; // of one wait: whatever is not done then never will be

/** Somebody else for whom time passes. */
export interface Actor {
  /** When something happens there next by itself. */
  readonly next: Millis | undefined;
  /** Moves time to what is next, unless that is later than `until`, and lets it happen. Whether there was something. */
  fireNext(until: Millis): boolean;
}

/** An instance of the region and what runs on it. */
export interface Node {
  readonly name: string;
  readonly instance: Id;
  readonly run: Run;
}

/** Nodes in one region, on one time: everything happens one thing at a time, in an order that is drawn. */
export class Cluster implements Together {
  readonly region: Region;
  readonly time: SimTime;
  readonly random: Random;
  readonly nodes: Node[] = [];
  readonly actors: Actor[];

  constructor(of: { region: Region; time: SimTime; random: Random }) {
    this.region = of.region;
    this.time = of.time;
    this.random = of.random;
    this.actors = [of.region];
    this.region.onTouched = () => this.#showLinks();
  }

  /** An instance's links follow the cloud's NICs from now on. */
  add(node: Node): void {
    this.nodes.push(node);
    node.run.parts.machine.world.setHostLinks(linksOf(this.region.cloud, node.instance));
  }

  /** The machine is no more, and all that was on it. */
  remove(node: Node): void {
    node.run.stop();
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  async settle(): Promise<void> {
    for (let i = 0; i < TURNS; i++) if (!(await this.#turn())) return;
    this.nodes[0]?.run.blame('answer', 'it never comes to rest');
  }

  async until(isSo: () => boolean, limit: Millis): Promise<void> {
    for (let i = 0; i < TURNS; i++) {
      const moved = await this.#turn();
      if (isSo()) return;
      if (!moved && !this.#fire(limit)) return;
    }
    this.nodes[0]?.run.blame('answer', 'it never comes to rest');
  }

  async pass(ms: Millis): Promise<void> {
    const end = this.time.now + ms;
    await this.until(() => false, end);
    this.time.moveTo(end);
  }

  async #turn(): Promise<boolean> {
    await quiet();
    const ready = this.nodes.filter(({ run }) => run.ready > 0);
    const lot = ready.length > 1 ? Math.floor(this.random.fraction() * ready.length) : 0;
    return ready[lot]?.run.doNext() ?? false;
  }

  /** What is due first; of equals an actor before a node. */
  #fire(limit: Millis): boolean {
    let [first, at] = [undefined as (() => boolean) | undefined, Number.POSITIVE_INFINITY];
    for (const actor of this.actors) {
      const { next } = actor;
      if (next !== undefined && next < at) [first, at] = [() => actor.fireNext(limit), next];
    }
    for (const { run } of this.nodes) {
      const { life } = run;
      const next = life === undefined || life.ended ? undefined : life.clock.next;
      if (next !== undefined && next < at) [first, at] = [() => run.fire(limit), next];
    }
    return at <= limit && first !== undefined && first();
  }

  #showLinks(): void {
    for (const { instance, run } of this.nodes) {
      const links = linksOf(this.region.cloud, instance);
      const { life, parts } = run;
      if (links.map(wordOf).join() === parts.machine.world.hostLinks.map(wordOf).join()) continue;
      if (life === undefined || life.ended) parts.machine.world.setHostLinks(links);
      else life.kernel.setHostLinks(links);
    }
  }
}

function wordOf({ name, mac }: HostLink): string {
  return `${name} ${mac}`;
}

/** What the kernel of an instance shows of its NICs: those that have arrived, and not gone. */
function linksOf(cloud: Cloud, instance: Id): readonly HostLink[] {
  return nicsOf(cloud, instance).flatMap(({ state, attachment, addresses, mac }) => {
    if (attachment === undefined || state === 'attaching') return [];
    const { device } = attachment;
    const own = device === 0 ? addresses.slice(0, 1).map((it) => interfaceAddress(`${it}/28`)) : [];
    const defaultRoute = device === 0 ? (['v4'] as const) : [];
    return { name: `eth${device}`, mac, mtuBytes: 9_001, up: true, addresses: own, defaultRoute };
  });
}
