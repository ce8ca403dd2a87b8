import { execute, findPlugin, orPluginError, PluginError, type PluginExit } from './exec.ts';
import { pluginStdin, versionAtLeast, type Json, type NetworkList, type PluginConf } from './network-list.ts';
import { ResultCache, type CachedAttachment } from './result-cache.ts';

/** What a runtime wants attached. */
export interface Attachment {
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  readonly args?: readonly (readonly [string, string])[];
  readonly capabilityArgs?: Json;
}

export interface RuntimeOptions {
  readonly pluginDirectories: readonly string[];
  readonly cacheDirectory: string;
  readonly env: Readonly<Record<string, string>>; // what plugins inherit
  readonly deadlineMs: number; //                    of one execution
}

/**
 * A container runtime's half of CNI, as libcni plays it: chains with prevResult, capabilities filtered, the result
 * cache, DEL in reverse, GC as DEL of what is stale and then the verb. Throws PluginError when a plugin refuses.
 */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #cache: ResultCache;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#cache = new ResultCache(options.cacheDirectory);
  }

  /** Executes the chain. The result is the last plugin's. After a failure nothing is cached: the caller must `del`. */
  async add(list: NetworkList, to: Attachment): Promise<Json> {
    let result: Json | undefined;
    for (const plugin of list.plugins) {
      const more = result === undefined ? {} : { prevResult: result };
      const exit = await this.#call('ADD', plugin, pluginStdin(list, plugin, more, to.capabilityArgs), to);
      result = completed(plugin.type, exit, list.cniVersion);
    }
    this.#cache.put(cached(list, to, result ?? {}));
    return result ?? {};
  }

  /**
   * Stops at the first plugin that finds fault. Does nothing where the list disables it; throws below 0.4.0, which has
   * no CHECK.
   */
  async check(list: NetworkList, at: Attachment): Promise<void> {
    if (!versionAtLeast(list.cniVersion, '0.4.0')) throw new Error(`cniVersion ${list.cniVersion} has no CHECK`);
    if (list.disableCheck) return;
    const more = this.#prevResult(list, at);
    for (const plugin of list.plugins)
      await this.#call('CHECK', plugin, pluginStdin(list, plugin, more, at.capabilityArgs), at);
  }

  /** In reverse order, with the final result of the ADD where the version knows it (0.4.0) and the cache has it. */
  async del(list: NetworkList, at: Attachment): Promise<void> {
    const more = versionAtLeast(list.cniVersion, '0.4.0') ? this.#prevResult(list, at) : {};
    for (const plugin of list.plugins.toReversed())
      await this.#call('DEL', plugin, pluginStdin(list, plugin, more, at.capabilityArgs), at);
    this.#cache.remove(keyOf(list, at));
  }

  /**
   * Deletes every cached attachment of the list that is not valid, then sends GC (from 1.1.0). Goes on past errors;
   * throws the first at the end. Without `valid` nothing is valid and the plugins get no list, as with cnitool.
   */
  async gc(list: NetworkList, valid?: readonly { containerID: string; ifname: string }[]): Promise<void> {
    if (list.disableGC) return;
    const errors: unknown[] = [];
    const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => errors.push(error));
    const keeps = (it: CachedAttachment) =>
      (valid ?? []).some((keep) => keep.containerID === it.containerId && keep.ifname === it.ifName);
    for (const stale of this.#cache.of(list.name).filter((it) => !keeps(it)))
      await attempt(this.del(list, attachmentOf(stale)));
    const more = valid === undefined ? {} : { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid };
    if (versionAtLeast(list.cniVersion, '1.1.0'))
      for (const plugin of list.plugins) await attempt(this.#call('GC', plugin, pluginStdin(list, plugin, more)));
    if (errors.length > 0) throw errors[0];
  }

  /** Throws the first plugin's error. Below 1.1.0 there is no STATUS and all is well. */
  async status(list: NetworkList): Promise<void> {
    if (!versionAtLeast(list.cniVersion, '1.1.0')) return;
    for (const plugin of list.plugins) await this.#call('STATUS', plugin, pluginStdin(list, plugin, {}));
  }

  /** The versions a plugin speaks. The variables hold dummies, as libcni sends them. */
  async versions(type: string): Promise<readonly string[]> {
    const stdin = JSON.stringify({ cniVersion: '1.1.0' });
    const exit = await this.#call('VERSION', { type }, stdin, { containerId: '', netns: 'dummy', ifname: 'dummy' });
    const said = JSON.parse(exit.stdout) as { supportedVersions?: readonly string[] };
    return said.supportedVersions ?? [];
  }

  /** The result an ADD left in the cache. */
  cachedResult(list: NetworkList, of: Attachment): Json | undefined {
    return this.#cache.get(keyOf(list, of))?.result;
  }

  #prevResult(list: NetworkList, at: Attachment): Json {
    const result = this.cachedResult(list, at);
    return result === undefined ? {} : { prevResult: result };
  }

  async #call(verb: string, plugin: PluginConf, stdin: string, about?: Attachment): Promise<PluginExit> {
    const { pluginDirectories, env, deadlineMs } = this.#options;
    const path = findPlugin(plugin.type, pluginDirectories);
    const exit = await execute({
      path,
      stdin,
      deadlineMs,
      env: { ...env, ...cniEnvironment(verb, pluginDirectories, about) },
    });
    return orPluginError(`${plugin.type} ${verb}`, exit);
  }
}

/** The six variables of a call, always all of them, empty where they say nothing: so does libcni. */
export function cniEnvironment(
  verb: string,
  directories: readonly string[],
  about?: Attachment,
): Record<string, string> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: about?.containerId ?? '',
    CNI_NETNS: about?.netns ?? '',
    CNI_ARGS: (about?.args ?? []).map((pair) => pair.join('=')).join(';'),
    CNI_IFNAME: about?.ifname ?? '',
    CNI_PATH: directories.join(':'),
  };
}

/** The result of an ADD. An empty version counts as the list's; DNS is always there, as Go's types print it. */
function completed(plugin: string, exit: PluginExit, version: string): Json {
  let result: unknown;
  try {
    result = JSON.parse(exit.stdout);
  } catch {
    throw new PluginError(
      plugin,
      { code: 0, msg: `a result that is no JSON: ${exit.stdout.slice(0, 300)}`, details: '' },
      exit,
    );
  }
  const object = (result ?? {}) as Json;
  return { ...object, cniVersion: object['cniVersion'] || version, dns: object['dns'] ?? {} };
}

function cached(list: NetworkList, to: Attachment, result: Json): CachedAttachment {
  const { name, cniVersion, plugins } = list;
  return {
    kind: 'cniCacheV1',
    ...keyOf(list, to),
    config: Buffer.from(JSON.stringify({ name, cniVersion, plugins })).toString('base64'),
    netns: to.netns,
    ...(to.args === undefined ? {} : { cniArgs: to.args }),
    ...(to.capabilityArgs === undefined ? {} : { capabilityArgs: to.capabilityArgs }),
    result,
  };
}

function attachmentOf(it: CachedAttachment): Attachment {
  return {
    containerId: it.containerId,
    netns: it.netns,
    ifname: it.ifName,
    ...(it.cniArgs === undefined ? {} : { args: it.cniArgs }),
    ...(it.capabilityArgs === undefined ? {} : { capabilityArgs: it.capabilityArgs }),
  };
}

function keyOf(list: NetworkList, at: Attachment) {
  return { networkName: list.name, containerId: at.containerId, ifName: at.ifname };
}
