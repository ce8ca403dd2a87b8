import type { Page } from '../../cloud/request.ts';
import { ApiError } from './api-error.ts';
import type { Params } from './params.ts';
import { leaf, type Xml } from './xml.ts';

/** The largest page, of which a client may ask for a part; five is the least. */
export interface PageLimits {
  readonly most: number;
  readonly withIds: boolean; // whether MaxResults may stand beside ids
}

/** What part is asked for; undefined: all. Throws ApiError. */
export function readPage(params: Params, { most, withIds }: PageLimits, ids?: readonly string[]): Page | undefined {
  const size = params.number('MaxResults');
  const token = params.text('NextToken');
  if (size === undefined && (token === undefined || token === '')) return undefined;
  if (!withIds && ids !== undefined && ids.length > 0 && size !== undefined)
    throw new ApiError('InvalidParameterCombination', 'The parameter MaxResults cannot be used with a list of ids');
  if (size !== undefined && (size < 5 || size > most)) {
    const bound = size < 5 ? 'greater than or equal to 5' : `less than or equal to ${most}`;
    throw new ApiError(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value ${bound}.`,
    );
  }
  return { size: size ?? most, ...(token === undefined || token === '' ? {} : { after: opened(token) }) };
}

/** What the next page begins behind, so that nobody reads it as an id. */
export function nextToken(after: string | undefined): Xml {
  return leaf('nextToken', after === undefined ? undefined : Buffer.from(`v1 ${after}`).toString('base64'));
}

function opened(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('v1 ')) throw new ApiError('InvalidNextToken', `The token '${token}' is invalid`);
  return text.slice('v1 '.length);
}
