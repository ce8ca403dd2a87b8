import type { Address } from '../../base/ip.ts';
import { counted, duration, listed } from '../../base/words.ts';
import { attachmentWords } from '../attachment.ts';
import { advice, refusalFields, sentence } from '../refusal-words.ts';
import type { About, Decision, Deed } from './decision.ts';

/** The decision as one sentence with its subject, without time and full stop. */
export function tell(decision: Decision): string {
  return `${subject(decision.about)} ${deed(decision)}`;
}

/**
 * The decision's fields for JSON, `says` included: the form in which it leaves the agent. Nothing in it is a big
 * number.
 */
export function decisionFields(decision: Decision): Readonly<Record<string, unknown>> {
  const refusal = decision.kind === 'refused' ? { refusal: refusalFields(decision.refusal) } : {};
  return { ...decision, ...refusal, says: tell(decision) };
}

function deed(decision: Decision): string {
  const held = decision.about.addresses ?? [];
  const addresses = listed(held);
  switch (decision.kind) {
    case 'attached':
      return decision.again
        ? `was attached already and got the same answer again: ${addresses}`
        : `was attached with ${addresses} in ${duration(decision.ms)}`;
    case 'waited':
      return `waits until ${addresses || 'its address'} ${held.length > 1 ? 'have' : 'has'} cooled, for ${duration(decision.readyInMs)}`;
    case 'hoped':
      return 'waits for addresses that the cloud was asked for';
    case 'refused':
      return `was refused: ${sentence(decision.refusal)} (${advice(decision.refusal)})`;
    case 'failed':
      return `could not be attached: ${decision.cause}; ${undone(decision.left)}`;
    case 'detached':
      return `was detached in ${duration(decision.ms)}${freed(held, decision.coolingMs)}`;
    case 'remained':
      return `could not be removed wholly, ${parts(decision.left)} left; it keeps ${addresses || 'its addresses'} and the sweep tries again`;
    case 'ignored':
      return `got a ${decision.verb} that was ignored: ${decision.because}`;
    case 'spooled':
      return 'was deleted while the agent was away; the DEL was carried out from the spool';
    case 'repaired':
      return `had lost ${parts(decision.missing)}, now put back`;
    case 'drifted':
      return `failed CHECK: ${parts(decision.missing)} missing or changed`;
    case 'swept':
      return `was removed: ${decision.because}${freed(held, 0)}`;
    case 'cutOff':
      return `lost its network: ${decision.because}; delete it, so that it comes back with another address`;
    case 'denied':
      return `asked the cloud in vain: ${decision.failure.action}: ${decision.failure.message}`;
    case 'placed':
      return placed(decision);
    case 'adopted':
      return `was found on record when the agent started${addresses === '' ? '' : ` and keeps ${addresses}`}`;
  }
}

function placed({ config, place, staying }: Extract<Deed, { kind: 'placed' }>): string {
  if (place === undefined)
    return `makes no NIC: there is no NICConfig or ENIConfig named ${config}; make it, or name another on the Node (berth.dev/nic-config)`;
  const groups = place.groups.length === 0 ? '' : ` with ${listed(place.groups)}`;
  const stay = staying.length === 0 ? '' : `; ${listed(staying)} ${staying.length === 1 ? 'stays' : 'stay'} as before`;
  return `makes NICs by NICConfig ${config} now: in ${place.subnet}${groups}${stay}`;
}

/** "default/web-1 (container 8d5f3c0e6f1a2, eth0)", as much of it as is known; else the node. */
function subject({ id, pod }: About): string {
  const of = pod === undefined ? '' : `${pod.namespace}/${pod.name}`;
  if (id === undefined) return of === '' ? 'the node' : of;
  return of === '' ? attachmentWords(id) : `${of} (${attachmentWords(id)})`;
}

function undone(left: readonly string[]): string {
  return left.length === 0 ? 'what had been made was taken back' : `${parts(left)} could not be taken back`;
}

function freed(held: readonly Address[], coolingMs: number): string {
  if (held.length === 0) return '';
  const [cool, are] = held.length === 1 ? ['cools', 'is'] : ['cool', 'are'];
  return coolingMs > 0 ? `; ${listed(held)} ${cool} for ${duration(coolingMs)}` : `; ${listed(held)} ${are} free`;
}

function parts(lines: readonly string[]): string {
  return `${counted(lines.length, 'part')} (${listed(lines)})`;
}
