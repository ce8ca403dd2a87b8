import type { Intent } from '../../src/core/ipam/nic.ts';
import type { Memory } from '../../src/core/memory/record.ts';
import type { Carrier } from '../../src/io/cloud/remote/carrier.ts';
import { readQuestion, type Wish } from '../../src/wire/broker/question.ts';
import type { Asks } from '../cloud/asks.ts';
import { openIn } from '../cloud/sending.ts';
import type { Blame } from '../checkers.ts';

/** What an agent has on record. */
type Recorded = Pick<Memory, 'intents' | 'kept'>;

/**
 * What agents asked of the controller that makes a NIC: what the controller then does for a node is judged by it, for
 * it may do so late, when the agent has given the question up.
 */
export class Questions {
  readonly #tokens = new Set<string>(); // "node token"

  /** Notes what is asked before it is sent; what is wrong with asking it. */
  *ask(node: string, text: string, of: { readonly memory: Recorded; readonly asks: Asks }): Generator<Blame> {
    const { wish } = readQuestion(text);
    if (!isOnRecord(wish, of.memory)) yield { law: 'recorded', detail: `${node} asks ${text}` };
    if (wish.do === 'create' || wish.do === 'createBy') this.#tokens.add(`${node} ${wish.token}`);
    if (wish.do === 'assign') for (const it of openIn(of.memory)) if (isOf(it, wish)) of.asks.note(it);
  }

  /** Whether a node asked for a NIC by the token that a token of the cloud begins with. */
  hasAsked(node: string, cloudToken: string): boolean {
    return [...this.#tokens].some((it) => `${node} ${cloudToken}`.startsWith(it));
  }
}

/** The carrier whose questions are looked at before they are sent. */
export function watched(carrier: Carrier, look: (text: string) => void): Carrier {
  return {
    post: (to, token, text) => {
      look(text);
      return carrier.post(to, token, text);
    },
    close: () => carrier.close(),
  };
}

/** An intent is why a change is asked; or an address that is kept is brought, or sent away. */
function isOnRecord(wish: Wish, memory: Recorded): boolean {
  const open = openIn(memory);
  const kept = [...memory.kept.values()].flat();
  switch (wish.do) {
    case 'create':
    case 'createBy':
      return open.some((it) => it.kind === 'createNic' && it.token === wish.token);
    case 'assign':
      return open.some((it) => isOf(it, wish));
    case 'delete':
      return open.some((it) => it.kind === 'deleteNic' && it.nic === wish.nic);
    case 'bring':
      return kept.includes(wish.address);
    case 'unassign':
      return (
        open.some(
          (it) => it.kind === 'unassign' && it.nic === wish.nic && wish.what.every((one) => it.what.includes(one)),
        ) || wish.what.every((one) => kept.some((it) => it === one))
      );
    default:
      return true;
  }
}

type AssignIntent = Extract<Intent, { readonly kind: 'assign' }>;

function isOf(it: Intent, wish: Extract<Wish, { readonly do: 'assign' }>): it is AssignIntent {
  return it.kind === 'assign' && it.token === wish.token && it.nic === wish.nic && it.count === wish.count;
}
