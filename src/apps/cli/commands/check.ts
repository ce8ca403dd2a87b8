import { existsSync } from 'node:fs';
import { ConfigError } from '../../../io/config/config-error.ts';
import { loadConfig, type LoadedConfig, parseConfig } from '../../../io/config/load.ts';
import { openNft } from '../../../io/kernel/nft-kernel.ts';
import { LegacyForward } from '../../../io/kernel/nft-legacy.ts';
import { callAgent } from '../../../io/system/call-client.ts';
import { nodeFiles } from '../../../io/system/node-files.ts';
import { counted } from '../../../base/words.ts';
import { silent } from '../../../base/log.ts';
import { familyOf, type Prefix } from '../../../base/ip.ts';
import { ADMIN, type AgentStatus, type ConfigReply, type Finding } from '../../../wire/agent/status.ts';
import { ask } from '../ask.ts';
import { statusCall } from '../doctor/agent.ts';
import { examine } from '../doctor/doctor.ts';
import { bad, type CniPlaces, doubtful, good, type NodeView } from '../doctor/view.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { findRuntime } from '../setup/runtime.ts';
import { table } from '../table.ts';
import { type Terminal, type Tone, toned } from '../terminal.ts';

/** What is looked at. */
export interface Looks extends CniPlaces {
  readonly config: string;
  readonly socket?: string; // as the configuration says, unless said otherwise
}

/** `berth check`: looks at this node, with or without an agent. Exit code 4 when it finds a problem. */
export async function check(terminal: Terminal, options: Looks & { readonly output: Format }): Promise<ExitKind> {
  const findings = await findingsHere(terminal, options);
  await print(terminal, options.output, findings, (all) => findingsText(terminal, all));
  return findings.some(({ state }) => state === 'problem') ? 'found' : 'ok';
}

/** What the doctor says of the node that we run on. */
export async function findingsHere(terminal: Terminal, options: Looks): Promise<readonly Finding[]> {
  const { loaded, findings } = judged(options.config, terminal);
  const { config } = loaded;
  const socket = options.socket ?? config.paths.adminSocket;
  const node: NodeView = {
    files: nodeFiles(),
    config,
    now: terminal.now(),
    agent: await unlessAway<AgentStatus>(socket, ADMIN.status),
    settings: {
      file: options.config,
      there: existsSync(options.config),
      running: (await unlessAway<ConfigReply>(socket, ADMIN.config))?.config,
    },
    cni: options,
    runtime: findRuntime(),
    cniStatus: () => callAgent(config.paths.socket, statusCall('berth')),
    droppedRanges,
    legacyUnclear,
  };
  return [...findings, ...(await examine(node))];
}

/** The file as findings; a file that cannot be used does not keep us from looking at the rest, with defaults. */
function judged(path: string, { environment }: Terminal): { loaded: LoadedConfig; findings: readonly Finding[] } {
  try {
    const loaded = loadConfig(path, environment);
    const doubts = loaded.doubts.map(({ where, says }) => doubtful('config', `${where}: ${says}`, `see ${path}`));
    const fine = existsSync(path) ? `${path} is valid` : `there is no ${path}: an agent that starts has the defaults`;
    return { loaded, findings: doubts.length > 0 ? doubts : [good('config', fine)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = error.kind === 'absent' ? 'write it, or let "berth install" do so' : 'see docs/configuration.md';
    const findings = error.message.split('\n').map((says) => bad('config', says, advice));
    return { loaded: parseConfig('', { environment }), findings };
  }
}

async function unlessAway<T>(socket: string, question: string): Promise<T | undefined> {
  try {
    return await ask<T>({ socket }, question);
  } catch (error) {
    if (error instanceof CliError) return undefined; // the doctor tells
    throw error;
  }
}

/** Our accept rules are asked for: they stand where no chain drops, and where they open the chain that does. */
async function droppedRanges(ranges: readonly Prefix[]): Promise<readonly Prefix[]> {
  const nft = openNft({ log: silent });
  try {
    const items = acceptOf(ranges);
    await nft.refresh(items);
    const standing = new Set(nft.observe(items).map((item) => (item.kind === 'forward-accept' ? item.range : '')));
    return ranges.filter((range) => !standing.has(range));
  } finally {
    nft.close();
  }
}

/** In an image there is no iptables-legacy to ask. */
function legacyUnclear(ranges: readonly Prefix[]): string | undefined {
  const legacy = new LegacyForward();
  const said = acceptOf(ranges).map((item) => legacy.unclear(item));
  return said.find((why) => why !== undefined);
}

function acceptOf(ranges: readonly Prefix[]) {
  return ranges.map((range) => ({ kind: 'forward-accept' as const, family: familyOf(range), range }));
}

const TONES: Readonly<Record<Finding['state'], Tone>> = {
  ok: 'good',
  warning: 'doubtful',
  problem: 'bad',
  skipped: 'quiet',
};

function findingsText(terminal: Terminal, all: readonly Finding[]): string {
  const rows = all.flatMap(({ state, check: name, says, advice }) => {
    const row = [toned(terminal, TONES[state], state), name, says];
    return advice ? [row, ['', '', toned(terminal, 'quiet', `-> ${advice}`)]] : [row];
  });
  const count = (state: Finding['state']) => all.filter((it) => it.state === state).length;
  const wrong = `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}`;
  const verdict = `${wrong}, ${count('ok')} good, ${count('skipped')} skipped`;
  return `${table(['STATE', 'CHECK', 'FOUND'], rows)}\n${verdict}\n`;
}
