import { matchesAny } from '../../cloud/filter.ts';
import type { Filter } from '../../cloud/request.ts';
import type { Setting } from './action.ts';
import { ApiError } from './api-error.ts';
import type { Params } from './params.ts';
import { zoneId } from './place.ts';

/** What a filter of EC2 is in the core: a field with the same values, or something to be worked out. */
export type Translation = string | ((values: readonly string[], at: Setting) => Filter);
export type Translations = Readonly<Record<string, Translation>>;

/** The filters of a request, in the core's words. Throws ApiError for one that the action does not have. */
export function readFilters(params: Params, known: Translations, at: Setting): readonly Filter[] {
  return params.rows('Filter').map((row) => {
    const name = row.needed('Name');
    const values = row.list('Value');
    if (/^tag:.|^tag-key$|^tag-value$/.test(name)) return { field: name, values };
    const translation = known[name];
    if (translation === undefined) throw new ApiError('InvalidParameterValue', `The filter '${name}' is invalid`);
    return typeof translation === 'string' ? { field: translation, values } : translation(values, at);
  });
}

/** Fits everything, or nothing: whether one of the values is what all things have here. */
export function constant(of: string | ((at: Setting) => string)): Translation {
  return (values, at) => {
    const fits = matchesAny(typeof of === 'string' ? of : of(at), values);
    return { field: 'id', values: fits ? ['*'] : [] };
  };
}

/** A field whose values EC2 spells in its own way: those whose spelling fits. */
export function spelled(field: string, spellings: Readonly<Record<string, string>>): Translation {
  return (values) => {
    const own = Object.entries(spellings).filter(([, spelling]) => matchesAny(spelling, values));
    return { field, values: own.map(([it]) => it) };
  };
}

/** The account that everything belongs to. */
export const OWNER = constant(({ place }) => place.account);

/** Zones by the ids that are the same in every account. */
export const ZONE_ID: Translation = (values, { cloud }) => ({
  field: 'zone',
  values: cloud.zones.filter((zone) => matchesAny(zoneId(zone), values)),
});
