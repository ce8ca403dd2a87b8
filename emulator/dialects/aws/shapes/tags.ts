import type { Tags } from '../../../cloud/nouns.ts';
import type { Params } from '../params.ts';
import { ApiError } from '../api-error.ts';
import { items, leaf, together, type Xml } from '../xml.ts';

/** The tags of a thing. */
export function tagSet(tags: Tags): Xml {
  return items('tagSet', Object.entries(tags), ([key, value]) => together(leaf('key', key), leaf('value', value)));
}

const MOST_TAGS = 50;

/** TagSpecification.N for a type of resource. Throws ApiError for another type, twice the same, and reserved keys. */
export function readTagSpecifications(params: Params, resource: string): Tags {
  const tags: Record<string, string> = {};
  for (const row of params.rows('TagSpecification')) {
    const type = row.needed('ResourceType');
    if (type !== resource)
      throw new ApiError(
        'InvalidParameterValue',
        `'${type}' is not a valid taggable resource type for this operation.`,
      );
    Object.assign(tags, readTags(row, 'Tag'));
  }
  return tags;
}

/** Tag.N.Key and Tag.N.Value. Throws ApiError. */
export function readTags(params: Params, name: string): Tags {
  const tags: Record<string, string> = {};
  for (const row of params.rows(name)) {
    const key = row.needed('Key');
    if (key.startsWith('aws:'))
      throw new ApiError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    if (key.length > 128)
      throw new ApiError('InvalidParameterValue', 'Tag key exceeds the maximum length of 128 characters');
    if (key in tags) throw new ApiError('InvalidParameterValue', `Duplicate tag key '${key}' specified.`);
    tags[key] = row.text('Value') ?? '';
  }
  if (Object.keys(tags).length > MOST_TAGS)
    throw new ApiError('TagLimitExceeded', 'You have reached the maximum number of tags.');
  return tags;
}
