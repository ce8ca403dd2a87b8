import { join } from 'node:path';
import { execute, type Execution, type PluginExit } from './libcni/exec.ts';
import { pluginStdin, type Json, type NetworkList, type PluginConf } from './libcni/network-list.ts';
import { cniEnvironment, Runtime, type Attachment } from './libcni/runtime.ts';
import { addressesOf } from './judge.ts';
import { Probe } from './probe/probe.ts';
import type { Daemon, NetworkWish, Profile } from './profiles/profile.ts';
import { NotApplicable } from './verdict.ts';
import { changes, nodeState, OUTSIDE } from './world/node.ts';
import { Sandbox } from './world/sandbox.ts';
import { abreast, until } from './world/wait.ts';

/** An attachment that was made, with what it got. */
export interface Attached {
  readonly attachment: Attachment;
  readonly sandbox: Sandbox;
  readonly list: NetworkList;
  readonly result: Json;
  readonly addresses: readonly string[];
}

/** How a check calls the plugin alone: everything as a runtime would send it, but for what is said here. */
export interface RawCall {
  readonly verb: string;
  readonly list: NetworkList;
  readonly about?: Attachment;
  readonly env?: Readonly<Record<string, string | undefined>>; // undefined takes a variable away
  readonly more?: Json; //        added to the configuration
  readonly stdin?: string; //     instead of the configuration
  readonly deadlineMs?: number;
  readonly started?: Execution['started'];
}

/** How long one execution of a plugin may take. A runtime gives more; a check has not the time. */
const EXECUTION_MS = 20_000;

export interface StageOptions {
  readonly profile: Profile;
  readonly folder: string; //                for the cache and for scripted neighbours
  readonly versions: readonly string[]; // that the plugin speaks and the runtime knows
}

/** Where one check plays: sandboxes and attachments of its own, all taken away by `clear`. */
export class Stage {
  readonly profile: Profile;
  readonly folder: string;
  readonly versions: readonly string[];
  readonly runtime: Runtime;
  readonly #name: string;
  readonly #sandboxes: Sandbox[] = [];
  readonly #attached = new Map<string, { list: NetworkList; attachment: Attachment }>();
  readonly #probes: Probe[] = [];
  #outside: Promise<Probe> | undefined;
  #count = 0;

  /** `name` makes the names of sandboxes and containers unlike those of every other check. */
  constructor(options: StageOptions, name: string) {
    this.profile = options.profile;
    this.folder = options.folder;
    this.versions = options.versions;
    this.#name = name.toLowerCase();
    this.runtime = new Runtime({
      pluginDirectories: this.directories,
      cacheDirectory: join(options.folder, 'cache', name),
      env: this.env,
      deadlineMs: EXECUTION_MS,
    });
  }

  /** The newest version that plugin and runtime share. */
  get version(): string {
    return this.versions.at(-1) ?? '';
  }

  get directories(): readonly string[] {
    return [...this.profile.directories, join(this.folder, 'bin')];
  }

  get env(): Readonly<Record<string, string>> {
    return { PATH: process.env['PATH'] ?? '', ...this.profile.env };
  }

  /** The daemon behind the plugin. Throws NotApplicable when it has none. */
  get daemon(): Daemon {
    if (this.profile.daemon === undefined) throw new NotApplicable('the plugin has no daemon');
    return this.profile.daemon;
  }

  /** For checks that look at the interface. Throws NotApplicable for a plugin that makes none. */
  needInterface(): void {
    if (this.profile.ipam === true) throw new NotApplicable('the plugin only gives addresses and makes no interface');
  }

  /** A version the check cannot do without. Throws NotApplicable. */
  needVersion(version: string): string {
    if (this.versions.includes(version)) return version;
    throw new NotApplicable(`the plugin does not speak ${version}`);
  }

  /** The newest version that these companions speak too: those of an older package may know less than the plugin. */
  async versionWith(...types: readonly string[]): Promise<string> {
    const spoken = await Promise.all(types.map((type) => this.runtime.versions(type)));
    return this.versions.findLast((version) => spoken.every((each) => each.includes(version))) ?? this.version;
  }

  /** A network of this name with the plugin in it, and perhaps neighbours. Throws NotApplicable. */
  list(wish: Partial<NetworkWish> & { version?: string; before?: PluginConf; behind?: PluginConf } = {}): NetworkList {
    const { version = this.version, before, behind, name = 'conformance', ...rest } = wish;
    const own = this.profile.network({ name, ...rest });
    if ('notApplicable' in own) throw new NotApplicable(own.notApplicable);
    const plugins = [...(before === undefined ? [] : [before]), ...own, ...(behind === undefined ? [] : [behind])];
    return { name, cniVersion: version, plugins, disableCheck: false, disableGC: false };
  }

  async sandbox(): Promise<Sandbox> {
    const sandbox = await Sandbox.create(`${this.#name}-${++this.#count}`);
    this.#sandboxes.push(sandbox);
    return sandbox;
  }

  /** Names an attachment; nothing is done yet, but `clear` will delete it. */
  attachment(sandbox: Sandbox, list: NetworkList, more: Partial<Attachment> = {}): Attachment {
    const attachment = { containerId: `${sandbox.name}-c`, netns: sandbox.path, ifname: 'eth0', ...more };
    this.#attached.set(keyOf(list, attachment), { list, attachment });
    return attachment;
  }

  /** ADD through the whole list, in a sandbox of its own unless one is given. Throws PluginError. */
  async attach(list: NetworkList, more: Partial<Attachment> = {}, within?: Sandbox): Promise<Attached> {
    const sandbox = within ?? (await this.sandbox());
    const attachment = this.attachment(sandbox, list, more);
    const result = await this.runtime.add(list, attachment);
    return { attachment, sandbox, list, result, addresses: addressesOf(result) };
  }

  /** DEL through the whole list. Throws PluginError. */
  async detach(it: Pick<Attached, 'list' | 'attachment'>): Promise<void> {
    await this.runtime.del(it.list, it.attachment);
    this.#attached.delete(keyOf(it.list, it.attachment));
  }

  /** What the node holds when this network has been used once and is used no more: bridges and chains stay behind. */
  async atRest(list: NetworkList, more: Partial<Attachment> = {}): Promise<ReadonlySet<string>> {
    await this.detach(await this.attach(list, more));
    let before = await nodeState();
    await until(2_000, async () => {
      const now = await nodeState();
      const still = changes(before, now).length === 0;
      before = now;
      return still ? true : undefined;
    });
    return before;
  }

  /** Executes the plugin under test alone. */
  async call(raw: RawCall): Promise<PluginExit> {
    const [plugin] = raw.list.plugins.filter((each) => each.type === this.profile.type);
    if (plugin === undefined) throw new Error(`no ${this.profile.type} in the list`);
    const base: Record<string, string | undefined> = {
      ...this.env,
      ...cniEnvironment(raw.verb, this.directories, raw.about),
      ...raw.env,
    };
    const env = Object.fromEntries(
      Object.entries(base).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    return execute({
      path: join(this.profile.directories[0] ?? '', this.profile.type),
      env,
      stdin: raw.stdin ?? pluginStdin(raw.list, plugin, raw.more ?? {}, raw.about?.capabilityArgs),
      deadlineMs: raw.deadlineMs ?? EXECUTION_MS,
      ...(raw.started === undefined ? {} : { started: raw.started }),
    });
  }

  /** A resident of the node itself, or of the machine outside. */
  async probe(where: 'node' | 'outside'): Promise<Probe> {
    if (where === 'outside') this.#outside ??= this.#opened(`/run/netns/${OUTSIDE.netns}`);
    return where === 'outside' ? (this.#outside as Promise<Probe>) : this.#opened('/proc/self/ns/net');
  }

  /** Which of the addresses do not answer the node's echo requests within three seconds. */
  async unreachable(addresses: readonly string[], deadlineMs = 3_000): Promise<readonly string[]> {
    const probe = await this.probe('node');
    const answered = await probe.ask('ping', addresses, deadlineMs);
    return addresses.filter((each) => !answered.includes(each));
  }

  /** What work leaves behind in the node, or takes away from it, after three seconds at most. */
  async residue(before: ReadonlySet<string>): Promise<readonly string[]> {
    let left: readonly string[] = [];
    await until(3_000, async () => {
      left = changes(before, await nodeState());
      return left.length === 0 ? true : undefined;
    });
    return left.length > 10 ? [...left.slice(0, 10), `and ${left.length - 10} more`] : left;
  }

  /** Takes away everything the check made, whatever state it is in. */
  async clear(): Promise<void> {
    const del = ({ list, attachment }: { list: NetworkList; attachment: Attachment }) =>
      this.runtime.del(list, attachment).catch(() => {});
    await abreast([...this.#attached.values()], 8, del);
    for (const probe of this.#probes) await probe.close();
    for (const sandbox of this.#sandboxes) await sandbox.remove();
  }

  async #opened(path: string): Promise<Probe> {
    const probe = await Probe.open(path);
    this.#probes.push(probe);
    return probe;
  }
}

function keyOf(list: NetworkList, it: Attachment): string {
  return `${list.name}/${it.containerId}/${it.ifname}`;
}
