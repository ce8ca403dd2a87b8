import type { Answer, View } from '../../cloud/answer.ts';
import type { Cloud } from '../../cloud/cloud.ts';
import type { Id } from '../../cloud/nouns.ts';
import type { Request } from '../../cloud/request.ts';
import { ApiError } from './api-error.ts';
import type { Category } from './buckets.ts';
import type { Params } from './params.ts';
import { type Place } from './place.ts';
import type { Xml } from './xml.ts';

/** One action of the API. */
export interface Action {
  readonly category: Category;
  /** What is asked for. Throws ApiError for parameters that cannot be. */
  readonly read: (params: Params, at: Setting) => Deed;
}

/** What a reader may look at besides the parameters. */
export interface Setting {
  readonly cloud: Cloud;
  readonly place: Place;
}

/** A request of the core, and how its answer is written: the elements behind `requestId`. */
export interface Deed {
  readonly request: Request;
  readonly token?: string | undefined;
  readonly write: (answer: Answer) => Xml;
}

/** The views that a Describe answers. */
export function viewsOf<K extends View['kind']>(
  answer: Answer,
  kind: K,
): readonly Extract<View, { readonly kind: K }>[] {
  if (answer.is !== 'views') throw new TypeError(`a Describe was answered ${answer.is}`);
  return answer.views.filter((view): view is Extract<View, { readonly kind: K }> => view.kind === kind);
}

/** The view of what was made. */
export function madeOf<K extends View['kind']>(answer: Answer, kind: K): Extract<View, { readonly kind: K }> {
  if (answer.is !== 'made' || answer.view.kind !== kind) throw new TypeError(`no ${kind} was made: ${answer.is}`);
  return answer.view as Extract<View, { readonly kind: K }>;
}

/** Throws the error of an id that cannot be one: "Invalid id: …". */
export function wellFormed(ids: readonly Id[], prefix: string, code: string): readonly Id[] {
  const odd = ids.find((id) => !id.startsWith(prefix) || !/^[0-9a-f]{8}([0-9a-f]{9})?$/.test(id.slice(prefix.length)));
  if (odd === undefined) return ids;
  throw new ApiError(code, `Invalid id: "${odd}" (expecting "${prefix}...")`);
}
