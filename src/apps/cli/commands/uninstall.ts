import { rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../../../base/words.ts';
import { show } from '../../../core/datapath/plan.ts';
import { loadConfig, parseConfig } from '../../../io/config/load.ts';
import { ADMIN, type AgentStatus } from '../../../wire/agent/status.ts';
import { ask } from '../ask.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { manifestPath } from '../setup/installation.ts';
import { type Entry, letGo, readManifest } from '../../../io/system/manifest.ts';
import { takeBack } from '../setup/removal.ts';
import { hasSystemd, systemctl } from '../setup/systemd.ts';
import { withKernel } from '../support/node-kernel.ts';
import type { Terminal } from '../terminal.ts';

export interface UninstallOptions {
  readonly prefix: string;
  readonly root: string;
  readonly config: string;
  readonly force: boolean;
  readonly purge: boolean;
}

/** `berth uninstall`: the way of install backwards, and in its middle what the agent made in the kernel. */
export async function uninstall(terminal: Terminal, options: UninstallOptions): Promise<ExitKind> {
  const path = manifestPath(options);
  const manifest = readManifest(path);
  if (manifest === undefined)
    throw new CliError('failed', `Berth is not installed under ${join(options.root, options.prefix)}`, {
      advice: 'say where it is with --prefix and --root',
    });
  const backwards = manifest.entries.toReversed();
  const first = backwards.filter(callsOrRuns);
  await refuseWhileUsed(first, options);
  const say = (lines: readonly (string | undefined)[]) => {
    for (const line of lines) if (line !== undefined) terminal.err(`${line}\n`);
  };
  letGo(path, manifest); // or the agent would put back what goes first
  say(first.map((entry) => takeBack(entry, options)));
  if (options.root === '/') say(await clearKernel());
  const [places, things] = [
    backwards.filter(isDirectory),
    backwards.filter((it) => !callsOrRuns(it) && !isDirectory(it)),
  ];
  say(things.map((entry) => takeBack(entry, options)));
  rmSync(join(options.root, options.prefix, 'before'), { recursive: true, force: true });
  rmSync(path, { force: true }); // last of all: until here, the command can be given again
  say(places.map((entry) => takeBack(entry, options)));
  removeEmpty(join(options.root, options.prefix));
  if (hasSystemd(options.root)) systemctl('daemon-reload');
  terminal.out('Berth is gone from this node\n');
  return 'ok';
}

/** What has to go before all else: the runtime stops calling, then the agent stops. */
function callsOrRuns(entry: Entry): boolean {
  return entry.kind === 'unit' || (entry.kind === 'file' && entry.path.endsWith('.conflist'));
}

function isDirectory({ kind }: Entry): boolean {
  return kind === 'directory';
}

/**
 * Pods that are attached would lose their network, and an agent that nobody here can stop would make everything again.
 */
async function refuseWhileUsed(first: readonly Entry[], options: UninstallOptions): Promise<void> {
  const agent = await agentHere(options);
  if (agent === undefined) return;
  if (agent.attachments > 0 && !options.force)
    throw new CliError(
      'failed',
      `${counted(agent.attachments, 'pod is', 'pods are')} attached, and would lose the network`,
      {
        advice: 'drain the node first, or say --force; "berth pods" lists them',
      },
    );
  if (!first.some(({ kind }) => kind === 'unit'))
    throw new CliError('failed', `the agent still runs, pid ${agent.pid}, and nobody here started it`, {
      advice: `stop it with "kill ${agent.pid}", or in a cluster delete the DaemonSet berth, and say uninstall again`,
    });
}

async function agentHere({ root, config }: UninstallOptions): Promise<AgentStatus | undefined> {
  const { paths } = configHere(join(root, config));
  try {
    return await ask<AgentStatus>({ socket: join(root, paths.adminSocket) }, ADMIN.status);
  } catch (error) {
    if (error instanceof CliError && error.kind === 'away') return undefined;
    throw error;
  }
}

function configHere(path: string) {
  try {
    return loadConfig(path).config;
  } catch {
    return parseConfig('').config; // gone or broken: then the sockets are where they usually are
  }
}

/** Everything in the kernel that bears our mark. */
function clearKernel(): Promise<readonly string[]> {
  return withKernel(async (kernel) => {
    const ours = await kernel.inventory();
    const left = await kernel.remove(ours.toReversed());
    return left.map(({ item, error }) => `left in the kernel: ${show(item)}: ${error.message}`);
  });
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // not empty or not there: the directories' own entries have told
  }
}
