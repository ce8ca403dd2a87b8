import { utf8 } from '../../../base/bytes.ts';
import type { Finding } from '../../../wire/agent/status.ts';
import { readConfig } from '../../../wire/cni/config.ts';
import { speaksCni11 } from '../setup/runtime.ts';
import { bad, good, type NodeView } from './view.ts';

/** The name of our executable, and so the `type` of our plugin. */
export const PLUGIN = 'berth-cni';

interface Found {
  readonly file: string;
  readonly list: ConfList | undefined; // undefined: not to be read
}

interface ConfList {
  readonly type?: unknown; // a file that is one plugin, older than lists
  readonly name?: unknown;
  readonly cniVersion?: unknown;
  readonly plugins?: readonly Readonly<Record<string, unknown>>[];
}

/** Will the runtime use Berth, and will it understand our configuration? It takes the first file by name. */
export function checkConflist(node: NodeView): readonly Finding[] {
  const { confDir } = node.cni;
  const all = configurations(node);
  const ours = all.find(({ list }) => pluginsOf(list).some(({ type }) => type === PLUGIN));
  if (ours === undefined)
    return [
      bad('conflist', `nothing in ${confDir} names ${PLUGIN}`, '"berth install" writes it once the agent serves'),
    ];
  return [...earlier(all, ours, confDir), ...executables(node, ours), ...content(node, ours)];
}

function configurations({ files, cni }: NodeView): readonly Found[] {
  const names = files.names(cni.confDir).filter((name) => /\.(conf|conflist|json)$/.test(name)); // libcni's own three
  return names.map((file) => ({ file, list: parsed(files.text(`${cni.confDir}/${file}`)) }));
}

function earlier(all: readonly Found[], ours: Found, confDir: string): readonly Finding[] {
  const [first] = all;
  if (first === undefined || first === ours) return [];
  const says = `${confDir}/${first.file} comes before ${ours.file}: runtimes take the first by name`;
  return [
    bad('conflist', says, 'move it away, or install Berth under an earlier name with "berth install --conflist"'),
  ];
}

function executables({ files, cni }: NodeView, { list }: Found): readonly Finding[] {
  const types = pluginsOf(list).map(({ type }) => String(type));
  const missing = types.filter((type) => !files.executable(`${cni.binDir}/${type}`));
  return missing.map((type) =>
    bad(
      'conflist',
      `${cni.binDir}/${type} is not there or not executable`,
      `install it, or take ${type} from the list`,
    ),
  );
}

/** The plugin's part as the runtime hands it on, through the reader that the agent uses. */
function content({ runtime, cni }: NodeView, { file, list }: Found): readonly Finding[] {
  const path = `${cni.confDir}/${file}`;
  const own = pluginsOf(list).find(({ type }) => type === PLUGIN);
  const version = String(list?.cniVersion);
  try {
    readConfig(utf8(JSON.stringify({ ...own, name: list?.name, cniVersion: list?.cniVersion })), 'ADD');
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return [bad('conflist', `${path}: ${said}`, 'mend it, or write it anew with "berth install"')];
  }
  if (version !== '1.1.0' || runtime === undefined || speaksCni11(runtime) !== false)
    return [good('conflist', `${path} is valid, version ${version}${olderThan(runtime, version)}`)];
  const says = `${runtime.name} ${runtime.version} refuses a list of version 1.1.0 whole`;
  return [bad('conflist', says, 'run "berth install" again: it chooses the version for the runtime')];
}

function olderThan(runtime: NodeView['runtime'], version: string): string {
  const wasted = runtime !== undefined && version !== '1.1.0' && speaksCni11(runtime) === true;
  return wasted ? ` (${runtime.name} ${runtime.version} knows 1.1.0, and would then call STATUS)` : '';
}

function pluginsOf(list: ConfList | undefined): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(list?.plugins)) return list.plugins.filter((it) => typeof it === 'object' && it !== null);
  return list?.type === undefined ? [] : [{ ...list }];
}

function parsed(text: string | undefined): ConfList | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
