import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { familyOf, prefix as parsePrefix } from '../../../base/ip.ts';
import type { AgentConfig } from '../../../io/config/agent-config.ts';
import { ConfigError } from '../../../io/config/config-error.ts';
import { loadConfig } from '../../../io/config/load.ts';
import { callAgent } from '../../../io/system/call-client.ts';
import { nodeFiles } from '../../../io/system/node-files.ts';
import { errorOf, statusCall } from '../doctor/agent.ts';
import { PLUGIN } from '../doctor/conflist.ts';
import type { CniPlaces } from '../doctor/view.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { type Artefacts, findArtefacts, INSTALLED } from '../setup/artefacts.ts';
import { Installation } from '../setup/installation.ts';
import { networkList } from '../setup/network-list.ts';
import { findRuntime, speaksCni11 } from '../setup/runtime.ts';
import { hasSystemd, systemctl, UNIT, UNIT_PATH } from '../setup/systemd.ts';
import type { Terminal } from '../terminal.ts';

export interface InstallOptions extends CniPlaces {
  readonly prefix: string;
  readonly root: string;
  readonly range: readonly string[];
  readonly network: string;
  readonly conflist: string; // name of the file
  readonly cniVersion?: string;
  readonly config: string;
  readonly wait: string; // seconds
  readonly from?: string;
}

const LINK = '/usr/local/bin/berth';
const POLL_MS = 250;

/**
 * `berth install`: files first, then the agent, and the CNI configuration last, once the agent says that an ADD would
 * succeed. Running it again is an upgrade. Everything is written down in the manifest before it is done.
 */
export async function install(terminal: Terminal, options: InstallOptions): Promise<ExitKind> {
  if (options.root === '/' && process.getuid?.() !== 0)
    throw new CliError('failed', 'only root can install', {
      advice: 'run it with sudo, or into a directory with --root',
    });
  const artefacts = findArtefacts(options.from);
  const say = (line: string) => terminal.err(`${line}\n`);
  const it = new Installation(options);
  putProgram(it, artefacts, options);
  say(`${options.prefix}: program, Node and CNI executable`);
  putConfig(it, artefacts, options, say);
  const config = readConfig(it, options);
  foresee(it, config);
  start(it, artefacts, options, say);
  await serving(it, config, options, terminal);
  putConflist(it, options, say);
  terminal.out(`Berth serves this node: ${addressesOf(config)}\n`);
  return 'ok';
}

function putProgram(it: Installation, artefacts: Artefacts, { prefix, binDir }: InstallOptions): void {
  const executable = new Set<keyof Artefacts>(['wrapper', 'shim', 'node']);
  for (const [key, path] of Object.entries(INSTALLED) as [keyof Artefacts, string][])
    it.file(join(prefix, path), readFileSync(artefacts[key]), { mode: executable.has(key) ? 0o755 : 0o644 });
  const kept = { from: join(prefix, INSTALLED.shim) };
  it.file(join(binDir, PLUGIN), readFileSync(artefacts.shim), { mode: 0o755, kept });
  it.link(LINK, join(prefix, INSTALLED.wrapper));
}

/** A configuration that is there is the user's, and is left alone. */
function putConfig(it: Installation, artefacts: Artefacts, options: InstallOptions, say: (line: string) => void): void {
  const { config, range } = options;
  if (existsSync(it.at(config))) {
    if (range.length > 0) say(`${config} is there already: --range was not needed`);
    return;
  }
  const ranges = range.map((text) => checkedRange(text));
  const text = readFileSync(artefacts.config, 'utf8').replace('ranges: []', `ranges: [${ranges.join(', ')}]`);
  it.file(config, text, { mode: 0o600, keepIfEdited: true });
  say(`${config}: ranges ${ranges.join(', ') || 'not set yet'}`);
}

function checkedRange(text: string): string {
  try {
    return familyOf(parsePrefix(text)) === 'v6' ? `"${parsePrefix(text)}"` : parsePrefix(text);
  } catch (cause) {
    throw new CliError('usage', `--range: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function addressesOf({ network: { ranges }, provider }: AgentConfig): string {
  if (ranges.length > 0) return ranges.join(', ');
  return provider === 'podcidr' ? 'the ranges of its Node' : `addresses of ${provider}`;
}

function readConfig(it: Installation, { config }: InstallOptions): AgentConfig {
  try {
    const loaded = loadConfig(it.at(config), {});
    const { provider, network, kubernetes } = loaded.config;
    const told = provider !== 'podcidr' || kubernetes.access !== 'none';
    if (told || network.ranges.length > 0) return loaded.config;
    throw new CliError('failed', `${config} names no range to give addresses from`, {
      advice: 'set network.ranges there and run "berth install" again; or remove it and use --range 10.244.1.0/24',
    });
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new CliError('failed', cause.message, { advice: 'mend it and run "berth install" again', cause });
  }
}

/** What the agent will make and set: written down as it is now. */
function foresee(it: Installation, { paths }: AgentConfig): void {
  for (const path of new Set([paths.state, paths.spool, join(paths.socket, '..'), join(paths.adminSocket, '..')]))
    it.tree(path);
  for (const path of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) it.sysctl(`/proc/sys/${path}`);
}

function start(it: Installation, artefacts: Artefacts, options: InstallOptions, say: (line: string) => void): void {
  const { prefix, config, root } = options;
  const command = `${join(prefix, INSTALLED.wrapper)} agent --config ${config}`;
  if (!hasSystemd(root)) return say(`no systemd here: start the agent yourself with "${command}"`);
  const unit = readFileSync(artefacts.unit, 'utf8').replaceAll('@PREFIX@', prefix).replaceAll('@CONFIG@', config);
  it.file(UNIT_PATH, unit);
  it.unit(UNIT);
  systemctl('daemon-reload');
  systemctl('enable', UNIT);
  systemctl('restart', UNIT);
  say(`${UNIT}: enabled and started`);
}

/**
 * Waits until a STATUS call succeeds. Throws CliError when it does not in time: nothing told the runtime of Berth then.
 */
async function serving(
  it: Installation,
  config: AgentConfig,
  options: InstallOptions,
  terminal: Terminal,
): Promise<void> {
  const until = terminal.now() + Number(options.wait) * 1_000;
  const call = statusCall(options.network);
  let last = '';
  for (;;) {
    try {
      const { exitCode, stdout } = await callAgent(it.at(config.paths.socket), call);
      if (exitCode === 0) return;
      const { msg, details } = errorOf(stdout);
      last = details === '' ? msg : `${msg}: ${details}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (terminal.now() >= until)
      throw new CliError('away', `the agent did not serve within ${options.wait} s: ${last}`, {
        advice: 'the runtime was told nothing yet; once the agent serves, run "berth install" again',
      });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function putConflist(it: Installation, options: InstallOptions, say: (line: string) => void): void {
  const { confDir, conflist, network, root, prefix } = options;
  const runtime = findRuntime(root);
  const newest = runtime !== undefined && speaksCni11(runtime) === true;
  const cniVersion = options.cniVersion ?? (newest ? '1.1.0' : '1.0.0');
  const list = networkList({ cniVersion, network });
  const copy = join(prefix, 'lib', 'network-list.json'); // before the list itself, which is put back from it
  it.file(copy, list, { mode: 0o600 });
  const kept = { from: copy, onceServing: true } as const;
  it.file(join(confDir, basename(conflist)), list, { mode: 0o600, kept });
  const because = runtime === undefined ? 'no runtime was found' : `${runtime.name} ${runtime.version}`;
  say(`${join(confDir, basename(conflist))}: network ${network}, version ${cniVersion} (${because})`);
  const first = nodeFiles(root)
    .names(confDir)
    .find((name) => /\.(conf|conflist|json)$/.test(name));
  if (first !== basename(conflist)) say(`but ${join(confDir, first ?? '')} comes first by name: move it away`);
}
