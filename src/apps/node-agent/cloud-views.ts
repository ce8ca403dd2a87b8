import { callsOf, type ActionCalls, type Ledger, medianMs } from '../../core/calls/ledger.ts';
import { type Cloud, type Nic, serves } from '../../core/ipam/cloud.ts';
import { planOf, type PoolPlan } from '../../core/ipam/outlook.ts';
import { nicState, numbersOf, standingOf } from '../../core/ipam/standing.ts';
import { needsOf, type Tally, tally } from '../../core/ipam/tally.ts';
import type { CloudSample } from '../../io/system/metrics.ts';
import type {
  CallsRow,
  CloudCallsReply,
  NicRow,
  NicsReply,
  PodNicRow,
  PodNicsReply,
  PoolFamily,
  PoolReply,
} from '../../wire/agent/cloud.ts';
import type { AgentParts } from './agent.ts';
import { type Attachments, holderName } from './attachments.ts';
import type { BranchRunner } from './branch-runner.ts';

// The cloud's side of the agent's state as the admin socket tells it: values in, values out.

export function nicsView({ pool: { pool }, node, clock, branches, attachments }: AgentParts): NicsReply {
  const { provider } = node.config;
  const { cloud } = pool;
  if (cloud === undefined) return { provider, nics: [] };
  const now = clock.now();
  const row = (nic: Nic) => ({ ...nicRow(cloud, nic), addresses: standingOf(pool, cloud, nic, now) });
  const isOfUse = branches !== undefined && (branches.enforcing !== 'off' || branches.book.branches.size > 0);
  const podNics = isOfUse ? { podNics: podNicsOf(branches, attachments) } : {};
  return { provider, nics: cloud.nics.map(row), ...podNics };
}

function podNicsOf({ enforcing, most, book }: BranchRunner, attachments: Attachments): PodNicsReply {
  const nics = [...book.branches.values()].map(({ report, state }): PodNicRow => {
    const { id, vlan, groups, addresses } = report;
    const holder = state.is === 'held' ? attachments.get(state.by) : undefined;
    const pod = holder === undefined ? {} : { pod: holderName(holder) };
    return { id, vlan, groups, addresses, state: state.is, ...pod };
  });
  return { enforcing, ...(most === undefined ? {} : { atMost: most }), nics: nics.toSorted((a, b) => a.vlan - b.vlan) };
}

function nicRow(cloud: Cloud, nic: Nic): Omit<NicRow, 'addresses'> {
  const { report, ready, trust } = nic;
  const { id, device, card, mac, subnet, subnetRange, groups, primary, kind } = report;
  return {
    id,
    device,
    card,
    mac,
    subnet,
    subnetRange,
    groups,
    own: primary,
    kind,
    state: nicState(nic),
    linkReady: ready,
    trust,
    forPods: serves(cloud, nic),
    ...(report.config === undefined ? {} : { config: report.config }),
  };
}

export function poolPlanView({ pool: { pool }, node, clock }: AgentParts): PoolReply {
  const { provider } = node.config;
  const { cloud } = pool;
  if (cloud === undefined) return { provider, families: [], troubles: [] };
  const { policy, limits, nics, report, troubles } = cloud;
  const { unit, maxPods, targets } = policy;
  const most = limits === undefined ? undefined : Math.min(limits.nics, targets.maxNics ?? limits.nics);
  return {
    provider,
    targets: { unit, maxPods, ...targets },
    nics: { attached: nics.length, ...(most === undefined ? {} : { atMost: most }) },
    ...(report.sureAt === 0 ? {} : { sureAt: report.sureAt }),
    families: planOf(pool, clock.now()).map(familyRow),
    troubles: troubles.map(({ scope, failure, since, until, failures }) => {
      const { kind, action, code, message } = failure;
      return { scope, kind, action, code, message, since, until, failures };
    }),
  };
}

function familyRow({ family, config, tally: of, aim, now, next }: PoolPlan): PoolFamily {
  const { total, free, claimed, cooling, asked, preparing, hungry, expected } = of;
  const counts = { total, free, claimed, cooling, coming: asked + preparing, waiting: hungry, expected };
  const need = { family, ...(config === undefined ? {} : { config }) };
  if (aim === undefined) return { ...need, now, next, ...counts };
  const { low, high, minimum } = aim;
  const most = Number.isFinite(high) ? { high } : {}; // JSON knows no infinity
  return { ...need, now, next, ...counts, aim: { low, ...most, minimum } };
}

export function callsView(provider: string, ledger: Ledger, since: number): CloudCallsReply {
  const actions = ledger.map(callsRow).sort((a, b) => b.calls - a.calls || (a.action < b.action ? -1 : 1));
  return { provider, since, actions };
}

function callsRow(of: ActionCalls): CallsRow {
  const { action, outcomes, urgencies, maxMs, lastAt, lastFailure } = of;
  const [calls, throttled] = [callsOf(of), callsOf(of, 'throttled')];
  const failed = calls - throttled - callsOf(of, 'ok');
  const counts = { calls, throttled, failed, medianMs: medianMs(of), maxMs, outcomes, urgencies, lastAt };
  return { action, ...counts, ...(lastFailure === undefined ? {} : { lastFailure }) };
}

type States = CloudSample['addresses'][number]['states'];

function statesOf({ total, free, claimed, cooling, asked, preparing }: Tally): States {
  return { held: total, free, claimed, cooling, coming: asked + preparing };
}

function added(a: States, b: States): States {
  return {
    held: a.held + b.held,
    free: a.free + b.free,
    claimed: a.claimed + b.claimed,
    cooling: a.cooling + b.cooling,
    coming: a.coming + b.coming,
  };
}

/** The same for a scrape; undefined without a cloud. */
export function cloudSample({ pool: { pool }, clock }: AgentParts): CloudSample | undefined {
  const { cloud } = pool;
  if (cloud === undefined) return undefined;
  const addresses = cloud.policy.families.map((family) => {
    const needs = needsOf(pool, cloud).filter((it) => it.family === family);
    const states = needs.map((need) => statesOf(tally(pool, cloud, { ...need, now: clock.now() })));
    return { family, states: states.reduce(added) };
  });
  return { addresses, ...numbersOf(cloud) };
}
