import { timeText } from '../../wire/kube/time.ts';
import type { BerthNodeStatus } from '../../wire/kube/crd/berth-node.ts';
import { tell } from '../../core/why/tell.ts';
import type { Decision } from '../../core/why/decision.ts';
import type { AgentParts } from './agent.ts';
import { nicsView, poolPlanView } from './cloud-views.ts';
import { obstacles } from './readiness.ts';
import { poolView, problemsOf } from './views.ts';

/** So many NICs are told one by one: more than any instance has, and a bound. */
const MOST_NICS = 64;

/** What the BerthNode of this node tells. `refused`: the last ADD that was. */
export function berthNodeView(
  parts: AgentParts,
  { version, refused }: { readonly version: string; readonly refused: Decision | undefined },
): BerthNodeStatus {
  const { provider, nics } = nicsView(parts);
  const families = familiesOf(parts);
  const own = parts.pool.pool.cloud?.placing.own;
  const ofOwn = families.filter(({ config }) => config === own);
  const scarce = ofOwn.toSorted((a, b) => Number(a.free) - Number(b.free))[0];
  const sum = (count: (it: FamilyStatus) => number) =>
    families.reduce((all, it) => (it.family === scarce?.family ? all + count(it) : all), 0);
  return {
    version,
    provider,
    ready: obstacles(parts).length === 0,
    problems: [...problemsOf(parts)],
    nics: nics.length,
    used: sum(({ used }) => used),
    free: scarce?.free ?? '0',
    cooling: sum(({ cooling }) => cooling),
    families: [...families],
    nicList: nics.slice(0, MOST_NICS).map(({ id, device, subnet, state, addresses }) => {
      const sum = (count: (it: (typeof addresses)[number]) => number) =>
        addresses.reduce((all, it) => all + count(it), 0);
      return {
        ...{ id, device, subnet, state },
        ...{ used: sum((it) => it.used), free: sum((it) => it.free), cooling: sum((it) => it.cooling) },
      };
    }),
    ...(refused === undefined ? {} : { lastRefusal: refusalOf(refused) }),
  };
}

type FamilyStatus = BerthNodeStatus['families'][number];

/** By family, of the cloud's addresses where there are such. */
function familiesOf(parts: AgentParts): readonly FamilyStatus[] {
  const planned = poolPlanView(parts).families;
  if (planned.length > 0)
    return planned.map(({ family, config, total, claimed, free, cooling, coming, waiting }) => ({
      ...(config === undefined ? {} : { config }),
      ...{ family, held: `${total}`, used: claimed, free: `${free}`, cooling, coming, waiting },
    }));
  return parts.node.families.map((of) => {
    const { family, usable, claimed, free, cooling, waiting } = poolView(parts, of);
    return { family, held: usable, used: claimed, free, cooling, coming: 0, waiting };
  });
}

function refusalOf(decision: Decision): NonNullable<BerthNodeStatus['lastRefusal']> {
  const { at, about } = decision;
  const why = decision.kind === 'refused' ? decision.refusal.why : decision.kind;
  const pod = about.pod === undefined ? {} : { pod: `${about.pod.namespace}/${about.pod.name}` };
  return { at: timeText(at), why, says: tell(decision), ...pod };
}
