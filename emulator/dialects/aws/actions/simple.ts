import type { Request } from '../../../cloud/request.ts';
import type { Action, Setting } from '../action.ts';
import type { Category } from '../buckets.ts';
import type { Params } from '../params.ts';
import { leaf } from '../xml.ts';

/** An action that answers nothing but that it was done. */
export function simple(category: Category, request: (params: Params, at: Setting) => Request): Action {
  return { category, read: (params, at) => ({ request: request(params, at), write: () => leaf('return', true) }) };
}
