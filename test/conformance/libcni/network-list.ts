/** A JSON object as it travels between a runtime and its plugins. */
export type Json = Readonly<Record<string, unknown>>;

/** One plugin of a list: `type`, perhaps `capabilities`, and what belongs to the plugin. */
export interface PluginConf extends Json {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

/** A network configuration list (".conflist"), with the version already chosen. */
export interface NetworkList {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly PluginConf[];
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
}

/** The versions this runtime knows, oldest first. */
export const RUNTIME_VERSIONS: readonly string[] = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

/**
 * Reads a list. Of `cniVersion` and `cniVersions` the highest that the runtime knows is taken (spec 1.1, section 1).
 * Throws Error.
 */
export function parseNetworkList(text: string): NetworkList {
  const json = JSON.parse(text) as Json;
  const plugins = json['plugins'];
  if (typeof json['name'] !== 'string' || json['name'] === '') throw new Error('the list has no name');
  if (!Array.isArray(plugins) || plugins.length === 0) throw new Error('the list has no plugins');
  return {
    name: json['name'],
    cniVersion: chosenVersion(json),
    plugins: plugins as readonly PluginConf[],
    disableCheck: json['disableCheck'] === true,
    disableGC: json['disableGC'] === true,
  };
}

/** Whether a version is `floor` or newer. */
export function versionAtLeast(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) if (a?.[i] !== b?.[i]) return (a?.[i] ?? 0) > (b?.[i] ?? 0);
  return true;
}

/**
 * What a plugin of a list gets on stdin: its own object with the list's name and version, and of the capabilities only
 * those it declared.
 */
export function pluginStdin(list: NetworkList, plugin: PluginConf, more: Json, capabilityArgs: Json = {}): string {
  const declared = Object.entries(plugin.capabilities ?? {}).filter(([key, on]) => on && key in capabilityArgs);
  const runtimeConfig = Object.fromEntries(declared.map(([key]) => [key, capabilityArgs[key]]));
  return JSON.stringify({
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...more,
    ...(declared.length > 0 ? { runtimeConfig } : {}),
  });
}

function chosenVersion(json: Json): string {
  const listed = Array.isArray(json['cniVersions']) ? (json['cniVersions'] as readonly unknown[]) : [];
  const offered = [json['cniVersion'], ...listed];
  const known = RUNTIME_VERSIONS.filter((version) => offered.includes(version));
  const highest = known.at(-1);
  if (highest === undefined) throw new Error(`no version of ${JSON.stringify(offered)} is known`);
  return highest;
}
