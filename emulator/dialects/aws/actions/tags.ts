import type { TagView } from '../../../cloud/answer.ts';
import type { Action } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { readFilters, spelled, type Translations } from '../filters.ts';
import { nextToken, readPage } from '../paging.ts';
import { readTags } from '../shapes/tags.ts';
import { items, leaf, together } from '../xml.ts';
import { simple } from './simple.ts';

/** What EC2 calls the kinds that carry tags. */
const RESOURCE_TYPES: Readonly<Partial<Record<TagView['kind'], string>>> = {
  vpc: 'vpc',
  subnet: 'subnet',
  group: 'security-group',
  'route-table': 'route-table',
  gateway: 'internet-gateway',
  nat: 'natgateway',
  instance: 'instance',
  nic: 'network-interface',
};

const FILTERS: Translations = {
  key: 'key',
  value: 'value',
  'resource-id': 'resource',
  'resource-type': spelled('kind', RESOURCE_TYPES as Record<string, string>),
};

/** Tags of whatever has any. */
export const TAGS: Readonly<Record<string, Action>> = {
  CreateTags: simple('mutating', (params) => {
    const ids = params.ids('ResourceId');
    if (ids.length === 0) throw params.missing('resourceIdSet');
    const tags = readTags(params, 'Tag');
    if (Object.keys(tags).length === 0) throw params.missing('Tag');
    return { do: 'set-tags', ids, tags };
  }),
  DeleteTags: simple('mutating', (params) => {
    const ids = params.ids('ResourceId');
    if (ids.length === 0) throw params.missing('resourceIdSet');
    const tags = params.rows('Tag').map((row) => {
      const [key, value] = [row.needed('Key'), row.text('Value')];
      return value === undefined ? { key } : { key, value };
    });
    return { do: 'remove-tags', ids, tags };
  }),
  DescribeTags: {
    category: 'non-mutating',
    read: (params, at) => {
      if (params.rows('Filter').some((row) => row.text('Name')?.startsWith('tag:')))
        throw new ApiError('InvalidParameterValue', "The filter 'tag:…' is not supported here: use 'key' and 'value'");
      const filters = readFilters(params, FILTERS, at);
      const page = readPage(params, { most: 1000, withIds: true });
      return {
        request: {
          do: 'describe-tags',
          ...(filters.length === 0 ? {} : { filters }),
          ...(page === undefined ? {} : { page }),
        },
        write: (answer) => {
          if (answer.is !== 'tags') throw new TypeError(`no tags: ${answer.is}`);
          return together(
            items('tagSet', answer.tags, ({ resource, kind, key, value }) =>
              together(
                leaf('resourceId', resource),
                leaf('resourceType', RESOURCE_TYPES[kind]),
                leaf('key', key),
                leaf('value', value),
              ),
            ),
            nextToken(answer.next),
          );
        },
      };
    },
  },
};
