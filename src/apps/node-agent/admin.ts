import { LOG_LEVELS } from '../../base/log.ts';
import { show } from '../../core/datapath/plan.ts';
import { sweep } from '../../core/datapath/transition.ts';
import { retract } from '../../io/kernel/execute.ts';
import { configFile } from '../../io/config/agent-file.ts';
import { HttpProblem, type HttpRequest, type HttpRoutes } from '../../io/system/http-server.ts';
import type { LevelLogger } from '../../io/system/logger.ts';
import type { Metrics, MetricsSample } from '../../io/system/metrics.ts';
import { ADMIN, type GcReply } from '../../wire/agent/status.ts';
import type { AgentParts } from './agent.ts';
import type { CallBook } from './call-book.ts';
import { callsView, cloudSample, nicsView, poolPlanView } from './cloud-views.ts';
import { detach } from './attach.ts';
import { holderName } from './attachments.ts';
import { whom } from './history.ts';
import { ailments, obstacles } from './readiness.ts';
import { explainView, poolView, type ProcessFacts, podsView, statusView, whyView } from './views.ts';

export interface AdminDoors {
  readonly parts: AgentParts;
  readonly facts: ProcessFacts;
  readonly metrics: Metrics;
  readonly log: LevelLogger;
  readonly configPath: string;
  readonly calls: CallBook;
  /** Keys of the file that wait for the next start. */
  readonly waiting: () => readonly string[];
}

/** What anybody on the node may ask: is it alive, is it ready, what does it count. */
export function publicRoutes({ parts, metrics }: AdminDoors): HttpRoutes {
  return {
    [ADMIN.healthz]: () => ({ body: 'ok\n' }),
    [ADMIN.readyz]: () => readyz(parts),
    [ADMIN.metrics]: async () => ({ type: metrics.contentType, body: await metrics.text(sample(parts)) }),
  };
}

/** What root may ask, on the admin socket. */
export function adminRoutes(doors: AdminDoors): HttpRoutes {
  const { parts, facts, log } = doors;
  return {
    ...publicRoutes(doors),
    [ADMIN.status]: () => ({ body: statusView(parts, facts) }),
    [ADMIN.pods]: () => ({ body: podsView(parts) }),
    [ADMIN.nics]: () => ({ body: nicsView(parts) }),
    [ADMIN.pool]: () => ({ body: poolPlanView(parts) }),
    [ADMIN.cloudCalls]: () => ({ body: callsView(parts.node.config.provider, doors.calls.ledger(), facts.startedAt) }),
    [ADMIN.explain]: async (request) => {
      const query = queryOf(request);
      const found = await explainView(parts, query);
      if (found === undefined)
        throw new HttpProblem(404, `nobody is attached by the name ${query}; berth why ${query} also knows who was`);
      return { body: found };
    },
    [ADMIN.why]: (request) => ({ body: whyView(parts, queryOf(request)) }),
    [ADMIN.config]: () => ({
      body: { path: doors.configPath, config: configFile(parts.node.config), waiting: doors.waiting() },
    }),
    [ADMIN.log]: () => ({ body: log.recent() }),
    [ADMIN.gc]: async (request) => ({ body: await collect(parts, fieldOf(request, 'dryRun') === true) }),
    [ADMIN.logLevel]: (request) => {
      const level = LOG_LEVELS.find((it) => it === fieldOf(request, 'level'));
      if (level === undefined) throw new HttpProblem(400, `level must be one of ${LOG_LEVELS.join(', ')}`);
      const before = log.level;
      log.level = level;
      return { body: { before, level } };
    },
  };
}

/** Removes attachments whose sandbox is gone, and what is ours in the kernel and belongs to nobody. */
async function collect(parts: AgentParts, dryRun: boolean): Promise<GcReply> {
  const { attachments, kernel, lanes, log, history, node } = parts;
  const gone = attachments.all().filter(({ netns }) => netns !== '' && !kernel.sandboxExists(netns));
  const removed: string[] = [];
  const left: { what: string; why: string }[] = [];
  for (const record of gone) {
    const what = `${holderName(record)} (${record.addresses.join(', ')}): its sandbox is gone`;
    try {
      if (!dryRun) await lanes.run(record.name.containerId, () => detach(parts, record.id));
      if (!dryRun) history.note(whom(record), { kind: 'swept', because: 'its sandbox is gone' });
      removed.push(what);
    } catch (error) {
      left.push({ what, why: error instanceof Error ? error.message : String(error) });
    }
  }
  const plans = attachments.all().map(({ plan }) => plan);
  const lost = sweep(await kernel.inventory(), plans, node.plan);
  const remaining = dryRun ? [] : await retract(kernel, lost);
  left.push(...remaining.map(({ item, error }) => ({ what: show(item), why: error.message })));
  const stuck = new Set(remaining.map(({ item }) => item));
  removed.push(...lost.filter((item) => !stuck.has(item)).map(show));
  if (removed.length > 0 && !dryRun) log.info('swept', { items: removed });
  return { removed, left, kept: attachments.count };
}

function readyz(parts: AgentParts) {
  const wrong = ailments(parts);
  if (wrong.length === 0) return { body: '[+]ready\n' };
  return { status: 503, body: wrong.map(({ message, details }) => `[-]${message}: ${details}\n`).join('') };
}

function sample(parts: AgentParts): MetricsSample {
  const { node, attachments, spool } = parts;
  const addresses = node.families.map((family) => {
    const { usable, claimed, cooling, free, waiting } = poolView(parts, family);
    return { family, states: { usable: Number(usable), claimed, cooling, free: Number(free) }, waiting };
  });
  const cloud = cloudSample(parts);
  const { cluster } = parts;
  return {
    addresses,
    attachments: attachments.count,
    spooled: spool.length,
    degraded: obstacles(parts).length > 0,
    ...(cloud === undefined ? {} : { cloud }),
    ...(cluster === undefined ? {} : { cluster: { heard: cluster.heard, nodes: cluster.nodes } }),
  };
}

function queryOf({ query }: HttpRequest): string {
  const q = query.get('q') ?? '';
  if (q === '') throw new HttpProblem(400, 'say whom with ?q=: a pod, the start of a container id, or an address');
  return q;
}

function fieldOf({ body }: HttpRequest, key: string): unknown {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  } catch {
    throw new HttpProblem(400, 'the body is not JSON');
  }
}
