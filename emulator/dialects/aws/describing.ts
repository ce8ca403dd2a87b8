import type { View } from '../../cloud/answer.ts';
import type { Described, Request } from '../../cloud/request.ts';
import { type Action, type Setting, viewsOf, wellFormed } from './action.ts';
import { readFilters, type Translations } from './filters.ts';
import { nextToken, type PageLimits, readPage } from './paging.ts';
import { items, together, type Xml } from './xml.ts';

/** A Describe of one kind. */
export interface Describing<K extends Described & View['kind']> {
  readonly kind: K;
  readonly ids: string; //       the parameter that lists ids: "VpcId"
  readonly prefix: string; //    of an id: "vpc-"
  readonly malformed: string; // the code for what is no id
  readonly set: string; //       the element of all that is found
  readonly filters: Translations;
  readonly page?: Partial<PageLimits>;
  readonly write: (view: Extract<View, { readonly kind: K }>, at: Setting) => Xml;
}

/** The action of it: ids, filters and paging, and an item for each that fits. */
export function describing<K extends Described & View['kind']>(spec: Describing<K>): Action {
  const { kind, filters: known, set, write, page: { most = 1000, withIds = true } = {} } = spec;
  return {
    category: 'non-mutating',
    read: (params, at) => {
      const ids = wellFormed(params.ids(spec.ids), spec.prefix, spec.malformed);
      const filters = readFilters(params, known, at);
      const page = readPage(params, { most, withIds }, ids);
      const request: Request = {
        do: 'describe',
        kind,
        ...(ids.length === 0 ? {} : { ids }),
        ...(filters.length === 0 ? {} : { filters }),
        ...(page === undefined ? {} : { page }),
      };
      return {
        request,
        write: (answer) =>
          together(
            items(set, viewsOf(answer, kind), (view) => write(view, at)),
            nextToken(answer.is === 'views' ? answer.next : undefined),
          ),
      };
    },
  };
}
