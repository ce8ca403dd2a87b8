import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { VERSION } from '../../../base/version.ts';
import { show } from '../../../core/datapath/plan.ts';
import { loadConfig } from '../../../io/config/load.ts';
import { type NodeFiles, nodeFiles } from '../../../io/system/node-files.ts';
import { ADMIN } from '../../../wire/agent/status.ts';
import { askText } from '../ask.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { withKernel } from '../support/node-kernel.ts';
import { redact } from '../support/redact.ts';
import { tar } from '../support/tar.ts';
import { UNIT } from '../setup/systemd.ts';
import type { Terminal } from '../terminal.ts';
import { findingsHere, type Looks } from './check.ts';

export interface BundleOptions extends Looks {
  readonly socket: string;
  readonly file?: string;
}

/** Files of the node that explain a network. None holds a secret by its nature. */
const PATHS = [
  '/proc/version',
  '/proc/uptime',
  '/proc/meminfo',
  '/proc/net/dev',
  '/proc/net/route',
  '/proc/net/ipv6_route',
  '/proc/net/fib_trie',
  '/proc/net/arp',
  '/proc/net/if_inet6',
  '/proc/net/netlink',
  '/proc/net/ip_tables_names',
  '/proc/net/stat/nf_conntrack',
  '/proc/sys/net/ipv4/ip_forward',
  '/proc/sys/net/ipv6/conf/all/forwarding',
  '/proc/sys/net/ipv4/conf/all/rp_filter',
  '/etc/os-release',
] as const;

/** Programs that say more, where they are installed, by the file that gets their output. */
const PROGRAMS = {
  links: ['ip', '-details', '-statistics', 'link'],
  addresses: ['ip', 'address'],
  routes4: ['ip', 'route', 'show', 'table', 'all'],
  routes6: ['ip', '-6', 'route', 'show', 'table', 'all'],
  rules: ['ip', 'rule'],
  neighbours: ['ip', 'neighbour'],
  nftables: ['nft', 'list', 'ruleset'],
  iptables: ['iptables-save'],
  log: ['journalctl', '--unit', UNIT, '--lines', '5000', '--no-pager', '--output', 'cat'],
} as const;

const OUTPUT_BYTES = 16 * 1024 * 1024;
const STDOUT = 1; // its descriptor

/**
 * `berth bundle`: one archive for a supporter. Everything passes through `redact`; what could not be had says why in
 * its place.
 */
export async function bundle(terminal: Terminal, options: BundleOptions): Promise<ExitKind> {
  const at = terminal.now();
  const stamp = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const folder = `berth-${hostname()}-${stamp}`;
  const path = options.file === '-' ? undefined : resolve(options.file ?? `${folder}.tar.gz`);
  const parts = [
    ...(await fromAgent(options)),
    ['check.json', await doctor(terminal, options)] as const,
    ['kernel.txt', await ofBerth()] as const,
    ...fromNode(options),
  ];
  const files = parts.map(([name, text]) => ({ name: `${folder}/${name}`, content: redact(text), modifiedAt: at }));
  try {
    writeFileSync(path ?? STDOUT, gzipSync(tar(files)), { mode: 0o600 });
  } catch (cause) {
    throw new CliError('failed', `cannot write ${path ?? 'it'}: ${messageOf(cause)}`, {
      advice: 'say where with --file',
      cause,
    });
  }
  terminal.err(`secrets were taken out by their names; look through it before you hand it on\n`);
  if (path !== undefined) terminal.out(`${path}\n`);
  return 'ok';
}

type Part = readonly [name: string, text: string];

async function fromAgent({ socket }: BundleOptions): Promise<readonly Part[]> {
  const asked = {
    'status.json': ADMIN.status,
    'pods.json': ADMIN.pods,
    'config.json': ADMIN.config,
    'metrics.txt': ADMIN.metrics,
    'log.txt': ADMIN.log, // also where no file and no journal has it
  };
  const parts = Object.entries(asked).map(
    async ([name, question]): Promise<Part> => [`agent/${name}`, await askText({ socket }, question).catch(messageOf)],
  );
  return Promise.all(parts);
}

async function doctor(terminal: Terminal, options: BundleOptions): Promise<string> {
  return JSON.stringify({ version: VERSION, findings: await findingsHere(terminal, options) }, null, 2);
}

/** What the kernel holds of ours: all that there is of it where the programs below are not, as in a container. */
function ofBerth(): Promise<string> {
  const lines = withKernel(async (kernel) => (await kernel.inventory()).map((item) => `${show(item)}\n`).join(''));
  return lines.catch(messageOf);
}

function fromNode({ config, confDir }: BundleOptions): readonly Part[] {
  const files = nodeFiles();
  const lists = files.names(confDir).map((name) => `${confDir}/${name}`);
  const read = [...PATHS, config, ...lists].map((path): Part => [`node${path}`.slice(0, 80), textOf(files, path)]);
  const ran = Object.entries(PROGRAMS).map(([name, words]): Part => [`node/${name}.txt`, said(words)]);
  const log = logFileOf(config);
  const logged: readonly Part[] = log === undefined ? [] : [['node/log-file.txt', said(['tail', '-n', '5000', log])]];
  return [...read, ...ran, ...logged];
}

/** Where the agent logs, when that is a file. */
function logFileOf(config: string): string | undefined {
  try {
    return loadConfig(config).config.log.file;
  } catch {
    return undefined; // the findings say what is wrong with it
  }
}

function textOf(files: NodeFiles, path: string): string {
  return files.text(path) ?? `${path} cannot be read`;
}

function said([program = '', ...args]: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 20_000,
    maxBuffer: OUTPUT_BYTES,
  });
  return error === undefined ? `${stdout}${stderr}` : error.message;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
