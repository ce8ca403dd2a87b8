import { attachmentId, type AttachmentRecord, furtherIds } from '../../core/attachment.ts';
import { difference, REPAIR } from '../../core/datapath/difference.ts';
import { type Item, show } from '../../core/datapath/plan.ts';
import { censusOf } from '../../core/ipam/pool.ts';
import { familyOf } from '../../base/ip.ts';
import { counted } from '../../base/words.ts';
import { tell } from '../../core/why/tell.ts';
import type { AgentStatus, ExplainItem, ExplainReply, PodRow, PoolStatus, WhyReply } from '../../wire/agent/status.ts';
import type { AgentParts } from './agent.ts';
import { holderName } from './attachments.ts';
import { obstacles } from './readiness.ts';

// The agent's state as the admin socket tells it: values in, values out.

/** Facts of the process that no part knows. */
export interface ProcessFacts {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
}

export function statusView(parts: AgentParts, facts: ProcessFacts): AgentStatus {
  const { node, doors, repairer, attachments, clock } = parts;
  const failing = doors.journal.failing();
  const { lastRepair } = repairer;
  return {
    ...facts,
    node: node.config.nodeName,
    uptimeMs: clock.now() - facts.startedAt,
    mode: node.config.network.mode,
    ready: obstacles(parts).length === 0,
    degraded: problemsOf(parts),
    pools: node.families.map((family) => poolView(parts, family)),
    attachments: attachments.count,
    spooled: parts.spool.length,
    journal: {
      path: node.config.paths.state,
      records: doors.recovery.records,
      ...(failing === undefined ? {} : { failing }),
    },
    recovery: doors.recovery.said,
    repairLimits: repairer.limits,
    ...(lastRepair === undefined ? {} : { lastRepair }),
  };
}

/** Why the node is not well, in sentences, worst first; empty when all is well. */
export function problemsOf(parts: AgentParts): readonly string[] {
  const wrong = obstacles(parts).map((error) => [error.message, error.details].filter((it) => it !== '').join(': '));
  return [...wrong, ...lackOfPods(parts.repairer.missing('pods')), ...lackOfCluster(parts)];
}

/** It hinders no ADD, and the pods concerned feel it. */
function lackOfPods(missing: readonly string[]): readonly string[] {
  if (missing.length === 0) return [];
  const parts = counted(missing.length, 'part of pods’ own network is', 'parts of pods’ own network are');
  return [`${parts} missing: the first: ${missing[0]}; the log says what keeps it from being put back`];
}

/** The node works on with what is on record. */
function lackOfCluster({ cluster }: AgentParts): readonly string[] {
  const unheard = cluster?.trouble;
  const told = unheard === undefined ? [] : [`changes of the cluster are not heard: ${unheard.message}`];
  return [...told, ...(cluster?.doubts ?? [])];
}

export function poolView({ pool, node, clock }: AgentParts, family: 'v4' | 'v6'): PoolStatus {
  const { usable, claimed, cooling, free } = censusOf(pool.pool, family, clock.now());
  return {
    family,
    ranges: node.config.network.ranges.filter((range) => familyOf(range) === family),
    usable: `${usable}`,
    claimed,
    cooling,
    free: `${free}`,
    waiting: pool.pool.waiting.filter(({ families }) => families.includes(family)).length,
  };
}

export function podsView(parts: AgentParts): readonly PodRow[] {
  return parts.attachments.all().map((record) => podRow(parts, record));
}

/** Plan beside kernel of all attachments that a query names; undefined when it names none. */
export async function explainView(parts: AgentParts, query: string): Promise<ExplainReply | undefined> {
  const record = parts.attachments.all().find((it) => names(it, query));
  if (record === undefined) return undefined;
  const more = furtherIds(record).flatMap((id) => parts.attachments.get(id) ?? []);
  const plan = [record, ...more].flatMap((it) => it.plan);
  const observed = await parts.kernel.observe(plan, record.netns);
  const { missing, changed, foreign } = difference(plan, observed, REPAIR);
  const changes = new Map(changed.map(({ want, have }) => [want, have]));
  const line = (item: Item): ExplainItem => {
    const have = changes.get(item);
    if (have !== undefined) return { line: show(item), state: 'changed', have: show(have) };
    return { line: show(item), state: missing.includes(item) ? 'missing' : 'ok' };
  };
  const strange = foreign.map((item): ExplainItem => ({ line: show(item), state: 'foreign' }));
  const veth = record.plan.find((item) => item.kind === 'veth');
  return {
    attachment: podRow(parts, record),
    netns: record.netns,
    ...(veth?.kind === 'veth' ? { hostLink: veth.host.name } : {}),
    ports: record.ports.map(portText),
    items: [...plan.map(line), ...strange],
  };
}

export function whyView({ history }: AgentParts, query: string): WhyReply {
  return { query, sentences: history.about(query).map((decision) => ({ at: decision.at, text: tell(decision) })) };
}

function podRow({ history }: AgentParts, record: AttachmentRecord): PodRow {
  const { name, addresses, since, pod } = record;
  const addMs = history.addMs(record.id);
  return {
    ...(pod === undefined ? {} : { pod: holderName(record) }),
    container: name.containerId,
    network: name.network,
    ifname: name.ifname,
    addresses,
    since,
    ...(addMs === undefined ? {} : { addMs }),
    mode: record.plan.some(({ kind }) => kind === 'port') ? 'bridge' : 'routed',
  };
}

const SHORTEST_ID = 4; // letters of a container id: fewer would match what nobody meant

function names({ name, addresses, pod }: AttachmentRecord, query: string): boolean {
  if (addresses.some((address) => address === query) || attachmentId(name) === query) return true;
  if (pod !== undefined && (query === pod.name || query === `${pod.namespace}/${pod.name}`)) return true;
  return query.length >= SHORTEST_ID && name.containerId.startsWith(query);
}

function portText({ protocol, hostIp, hostPort, containerPort }: AttachmentRecord['ports'][number]): string {
  return `${protocol} ${hostIp === undefined ? '' : `${hostIp}:`}${hostPort} -> ${containerPort}`;
}
