import type { NicView } from '../../../cloud/answer.ts';
import type { Trunking } from '../../../cloud/nouns.ts';
import type { Request } from '../../../cloud/request.ts';
import { type Action, madeOf, viewsOf, wellFormed } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { readFilters, spelled, type Translations } from '../filters.ts';
import { nextToken, readPage } from '../paging.ts';
import type { Params } from '../params.ts';
import { tagSet } from '../shapes/tags.ts';
import { element, items, leaf, NOTHING, together, type Xml } from '../xml.ts';

const PREFIX = 'trunk-assoc-';
const MALFORMED = 'InvalidAssociationID.Malformed';
const FILTERS: Translations = {
  'gre-key': 'gre-key',
  'interface-protocol': spelled('association-kind', { vlan: 'VLAN', gre: 'GRE' }),
};

/** Branch network interfaces on trunks: "AssociateTrunkInterface" and its cousins, EC2 API reference. */
export const TRUNKS: Readonly<Record<string, Action>> = {
  AssociateTrunkInterface: {
    category: 'mutating',
    read: (params) => {
      const token = params.text('ClientToken');
      const [trunk, branch] = [params.id('TrunkInterfaceId'), params.id('BranchInterfaceId')];
      return {
        request: { do: 'associate-trunk', trunk, branch, by: readNumber(params) },
        token,
        write: (answer) =>
          together(
            element('interfaceAssociation', association(madeOf(answer, 'nic'))),
            token === undefined ? NOTHING : leaf('clientToken', token),
          ),
      };
    },
  },
  DisassociateTrunkInterface: {
    category: 'mutating',
    read: (params) => {
      const token = params.text('ClientToken');
      return {
        request: { do: 'disassociate-trunk', association: params.id('AssociationId') },
        token,
        write: () => together(leaf('return', true), token === undefined ? NOTHING : leaf('clientToken', token)),
      };
    },
  },
  DescribeTrunkInterfaceAssociations: {
    category: 'non-mutating',
    read: (params, at) => {
      const ids = wellFormed(params.ids('AssociationId'), PREFIX, MALFORMED);
      const page = readPage(params, { most: 255, withIds: true }, ids);
      const named = { field: 'association', values: ids.length === 0 ? ['*'] : ids };
      const request: Request = {
        do: 'describe',
        kind: 'nic',
        filters: [named, ...readFilters(params, FILTERS, at)],
        ...(page === undefined ? {} : { page }),
      };
      return {
        request,
        write: (answer) => {
          const found = viewsOf(answer, 'nic');
          const absent = ids.find((id) => !found.some(({ nic }) => nic.trunking?.id === id));
          if (absent !== undefined)
            throw new ApiError(
              'InvalidAssociationID.NotFound',
              `The trunk interface association '${absent}' does not exist`,
            );
          return together(
            items('interfaceAssociationSet', found, association),
            nextToken(answer.is === 'views' ? answer.next : undefined),
          );
        },
      };
    },
  },
};

/** A VLAN by its 12 bits, of which the first and last mean nothing (IEEE 802.1Q); else a key of GRE. */
function readNumber(params: Params): Trunking['by'] {
  const vlan = params.number('VlanId');
  const gre = params.number('GreKey');
  if ((vlan === undefined) === (gre === undefined))
    throw new ApiError('InvalidParameterCombination', 'Exactly one of VlanId and GreKey must be specified');
  if (vlan === undefined) return { gre: gre ?? 0 };
  if (vlan < 1 || vlan > 4094) throw params.invalid('VlanId', String(vlan), 'VLAN ID');
  return { vlan };
}

function association({ nic }: NicView): Xml {
  const { trunking } = nic;
  if (trunking === undefined) return NOTHING;
  const { id, trunk, by } = trunking;
  return together(
    leaf('associationId', id),
    leaf('branchInterfaceId', nic.id),
    leaf('trunkInterfaceId', trunk),
    leaf('interfaceProtocol', 'vlan' in by ? 'VLAN' : 'GRE'),
    'vlan' in by ? leaf('vlanId', by.vlan) : leaf('greKey', by.gre),
    tagSet({}),
  );
}
