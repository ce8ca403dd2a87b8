import type { Address, Family, Prefix } from '../../base/ip.ts';
import {
  addressField,
  count,
  type Fields,
  fieldsOf,
  flag,
  given,
  holdable,
  listOf,
  mapping,
  oneOf,
  text,
} from './field.ts';

// What an agent asks of the controller: one POST each, JSON, under the agent's token. The controller knows by the token
// whose NICs are meant: a question never says which node it is of.

/** Where questions are posted to. A change that an older one would misunderstand gets another number. */
export const QUESTIONS_PATH = '/v1/nics';

/**
 * One wish, as the provider's door has it (`io/cloud/provider.ts`). `had`: what the NIC held before this was first
 * asked; there when an earlier try may have been carried out.
 */
export type Wish =
  | { readonly do: 'limits' }
  | { readonly do: 'report' }
  | { readonly do: 'ranges' }
  | { readonly do: 'tend' }
  /** That NICs end with their instance, and not their security groups. A word of its own, as the next but one. */
  | { readonly do: 'tendEnds' }
  | { readonly do: 'create'; readonly token: string; readonly spec: UnitsShape }
  /** By a NICConfig, which the controller looks up. A word of its own: who does not know it must not pass it over. */
  | { readonly do: 'createBy'; readonly token: string; readonly spec: UnitsShape; readonly config: string }
  | { readonly do: 'delete'; readonly nic: string }
  | ({
      readonly do: 'assign';
      readonly token: string;
      readonly nic: string;
      readonly had?: readonly (Address | Prefix)[];
    } & UnitsShape)
  | { readonly do: 'bring'; readonly nic: string; readonly address: Address; readonly from?: string }
  /** NICs of single pods: how many there may be and which there are; one more, with exactly these groups; one less. */
  | { readonly do: 'branches' }
  | { readonly do: 'createBranch'; readonly token: string; readonly groups: readonly string[]; readonly v6: boolean }
  /** By a NICConfig, as `createBy`. */
  | {
      readonly do: 'createBranchBy';
      readonly token: string;
      readonly groups: readonly string[];
      readonly v6: boolean;
      readonly config: string;
    }
  | { readonly do: 'deleteBranch'; readonly nic: string }
  /** What carried them. */
  | { readonly do: 'deleteTrunk' }
  | { readonly do: 'unassign'; readonly nic: string; readonly what: readonly (Address | Prefix)[] };

export interface UnitsShape {
  readonly count: number;
  readonly unit: 'address' | 'prefix';
  readonly family: Family;
}

/**
 * `id` names the question: asked again by it, it is the same question and is carried out once. `order` rises with each
 * time that a node asks, over restarts as well unless its clock was set back: by it what arrives late is known. Older
 * agents tell none.
 */
export interface Question {
  readonly id: string;
  readonly order?: number;
  readonly urgency: 'pod' | 'refill' | 'housekeeping';
  readonly wish: Wish;
}

const KINDS = [
  ...(['limits', 'report', 'ranges', 'tend', 'tendEnds'] as const),
  ...(['create', 'createBy', 'delete', 'assign', 'bring', 'unassign'] as const),
  ...(['branches', 'createBranch', 'createBranchBy', 'deleteBranch', 'deleteTrunk'] as const),
];
const urgency = oneOf(['pod', 'refill', 'housekeeping']);
const unit = oneOf(['address', 'prefix']);
const family = oneOf(['v4', 'v6']);
const kind = oneOf(KINDS);

export function writeQuestion(question: Question): string {
  return JSON.stringify(question);
}

/** Throws MessageError. */
export function readQuestion(from: string): Question {
  const fields = fieldsOf(from);
  return {
    id: text(fields['id'], 'id'),
    ...given('order', fields, count),
    urgency: urgency(fields['urgency'], 'urgency'),
    wish: wishOf(mapping(fields['wish'], 'wish')),
  };
}

function wishOf(fields: Fields): Wish {
  const it = kind(fields['do'], 'do');
  switch (it) {
    case 'limits':
    case 'report':
    case 'ranges':
    case 'tend':
    case 'tendEnds':
    case 'branches':
    case 'deleteTrunk':
      return { do: it };
    case 'createBranch':
      return { do: it, ...branch(fields) };
    case 'createBranchBy':
      return { do: it, ...branch(fields), config: text(fields['config'], 'config') };
    case 'create':
      return { do: it, token: text(fields['token'], 'token'), spec: units(mapping(fields['spec'], 'spec')) };
    case 'createBy': {
      const spec = units(mapping(fields['spec'], 'spec'));
      return { do: it, token: text(fields['token'], 'token'), spec, config: text(fields['config'], 'config') };
    }
    case 'delete':
    case 'deleteBranch':
      return { do: it, nic: text(fields['nic'], 'nic') };
    case 'assign':
      return {
        do: it,
        token: text(fields['token'], 'token'),
        nic: text(fields['nic'], 'nic'),
        ...units(fields),
        ...given('had', fields, (value, name) => listOf(value, name, holdable)),
      };
    case 'bring':
      return {
        do: it,
        nic: text(fields['nic'], 'nic'),
        address: addressField(fields['address'], 'address'),
        ...given('from', fields, text),
      };
    case 'unassign':
      return { do: it, nic: text(fields['nic'], 'nic'), what: listOf(fields['what'], 'what', holdable) };
  }
}

function branch(fields: Fields) {
  const groups = listOf(fields['groups'], 'groups', text);
  return { token: text(fields['token'], 'token'), groups, v6: flag(fields['v6'], 'v6') };
}

function units(fields: Fields): UnitsShape {
  return {
    count: count(fields['count'], 'count'),
    unit: unit(fields['unit'], 'unit'),
    family: family(fields['family'], 'family'),
  };
}
