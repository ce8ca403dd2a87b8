import { mkdirSync } from 'node:fs';
import { hostPort } from '../../base/host-port.ts';
import { liveConfig, needsRestart } from '../../io/config/changes.ts';
import { withFile } from '../../io/config/environment.ts';
import { loadConfig } from '../../io/config/load.ts';
import type { AgentConfig } from '../../io/config/agent-config.ts';
import { LinuxKernel } from '../../io/kernel/linux-kernel.ts';
import { openNft } from '../../io/kernel/nft-kernel.ts';
import { linuxDisk } from '../../io/store/linux-disk.ts';
import { lockState } from '../../io/store/lock.ts';
import { openJournal } from '../../io/store/open-journal.ts';
import { openSpool } from '../../io/store/spool.ts';
import { readBootId } from '../../io/system/boot-id.ts';
import { realClock } from '../../io/system/clock.ts';
import { KeptFiles } from '../../io/system/kept-files.ts';
import { ownManifestPath } from '../../io/system/manifest.ts';
import { watchFile } from '../../io/system/file-watch.ts';
import { type HttpServer, serveHttp } from '../../io/system/http-server.ts';
import { createLogger, type LevelLogger } from '../../io/system/logger.ts';
import { createMetrics, type Metrics } from '../../io/system/metrics.ts';
import { AGENT_NICE, takePriority } from '../../io/system/priority.ts';
import { keepLean } from '../../io/system/resident.ts';
import { serveCalls } from '../../io/system/unix-server.ts';
import { type AdminDoors, adminRoutes, publicRoutes } from './admin.ts';
import { type Agent, startAgent } from './agent.ts';
import { openKube } from './open-kube.ts';
import { openProvider } from './open-provider.ts';
import { type CallBook, openCallBook } from './call-book.ts';
import { keepInstalled } from './install-keeper.ts';
import { ailments } from './readiness.ts';
import { tellStatus } from './tell-status.ts';

export interface AgentOptions {
  readonly configPath: string;
  readonly version: string;
}

/**
 * Runs the node agent until SIGTERM or SIGINT. Throws what keeps it from starting: ConfigError, DiskError,
 * JournalError, KernelError, SocketError.
 */
export async function runAgent({ configPath, version }: AgentOptions): Promise<void> {
  const startedAt = realClock.now();
  const { config, doubts } = loadConfig(configPath);
  const log = openLog(config);
  for (const { where, line, says } of doubts) log.warn('doubtful configuration', { where, line, says });
  if (!takePriority(AGENT_NICE)) log.debug('priority left as it is', { wants: 'CAP_SYS_NICE' });
  const metrics = createMetrics(version);
  const closers: (() => void | Promise<void>)[] = [];
  const calls = openCallBook({ clock: realClock, log, metrics });
  const agent = await openAgent(config, { log, metrics, calls, closers });
  closers.push(tellStatus(agent, version));
  const waiting = followConfig(agent, { configPath, config, log, closers });
  const facts = { version, pid: process.pid, startedAt };
  closers.push(
    keepInstalled({
      ...{ files: new KeptFiles(ownManifestPath()), clock: realClock, log, meter: metrics },
      which: () => agent.parts.node.config.repair.installation,
      serving: () => ailments(agent.parts).length === 0,
    }),
  );
  const servers = await serve({ parts: agent.parts, facts, metrics, log, calls, configPath, waiting }, config);
  const cni = await serveCalls({ path: config.paths.socket, log, answer: (call) => agent.handle(call) });
  closers.push(keepLean(realClock));
  log.info('started', { version, ms: realClock.now() - startedAt, attachments: agent.parts.attachments.count });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  log.info('stopping', {});
  await cni.close();
  for (const server of servers) await server.close();
  await agent.stop();
  for (const close of closers.toReversed()) await close();
  log.info('stopped', {});
}

function openLog({ log: { level, format, file: path, fileBytes: mostBytes }, nodeName }: AgentConfig): LevelLogger {
  const file = path === undefined ? undefined : { path, mostBytes };
  return createLogger({ level, format, file, fields: { node: nodeName } });
}

interface Tools {
  readonly log: LevelLogger;
  readonly metrics: Metrics;
  readonly calls: CallBook;
  readonly closers: (() => void | Promise<void>)[];
}

/** Opens every door, from the disk up, and starts the agent on them. */
async function openAgent(config: AgentConfig, { log, metrics, calls, closers }: Tools): Promise<Agent> {
  mkdirSync(config.paths.state, { recursive: true, mode: 0o700 });
  closers.push(lockState(config.paths.state));
  const disk = linuxDisk(config.paths.state);
  const onCommit = (seconds: number) => metrics.journalSeconds(seconds);
  const { journal, recovery } = openJournal({ disk, clock: realClock, onCommit });
  closers.push(() => journal.close());
  for (const said of recovery.said) log.warn('recovered', { said });
  const kernel = LinuxKernel.open({ nft: (netns) => openNft({ log, netns }) });
  closers.push(() => kernel.close());
  const onBad = (name: string, why: string) => log.error('spooled file set aside', { name, why });
  const spool = openSpool(config.paths.spool, onBad);
  const kube = await openKube(config, metrics);
  if (kube !== undefined) closers.push(() => kube.client.close());
  const provider = openProvider(config, { journal, calls, kube });
  const doors = {
    kernel,
    journal,
    recovery,
    spool,
    clock: realClock,
    log,
    meter: metrics,
    bootId: readBootId(),
    config,
    ...(provider === undefined ? {} : { provider }),
    ...(kube === undefined ? {} : { kube }),
  };
  return startAgent(doors);
}

/**
 * Takes on the file's changes on SIGHUP and whenever it is edited. A file that is wrong changes nothing. Answers the
 * keys that wait for the next start.
 */
function followConfig(
  agent: Agent,
  of: { configPath: string; config: AgentConfig; log: LevelLogger; closers: (() => void)[] },
): () => readonly string[] {
  const { configPath, log, closers } = of;
  let waiting: readonly string[] = [];
  let tail = Promise.resolve();
  const reload = async () => {
    try {
      const { config, doubts } = loadConfig(configPath, withFile(process.env)); // one that went away changes nothing
      for (const { where, line, says } of doubts) log.warn('doubtful configuration', { where, line, says });
      waiting = needsRestart(of.config, config);
      await agent.reconfigure(liveConfig(of.config, config));
      log.level = config.log.level;
      log.info('reconfigured', { waiting });
    } catch (err) {
      log.error('configuration not taken on', { err });
    }
  };
  const enqueue = () => {
    tail = tail.then(reload);
  };
  process.on('SIGHUP', enqueue);
  closers.push(watchFile(configPath, enqueue));
  return () => waiting;
}

async function serve(doors: AdminDoors, config: AgentConfig): Promise<readonly HttpServer[]> {
  const { log } = doors;
  const admin = await serveHttp({ at: { socket: config.paths.adminSocket }, routes: adminRoutes(doors), log });
  const { listen } = config.http;
  if (listen === undefined) return [admin];
  return [admin, await serveHttp({ at: hostPort(listen), routes: publicRoutes(doors), log })];
}
