import * as z from 'zod';
import { expect, test } from 'vitest';
import { DEFINITIONS } from './all.ts';
import { definitionObject, type Definition } from './definition.ts';

const KEYS = new Set(
  (
    'type description properties required items enum format minimum maximum minLength maxLength pattern minItems ' +
    'maxItems nullable default additionalProperties anyOf oneOf allOf not x-kubernetes-preserve-unknown-fields'
  ).split(' '),
);

const example: Definition = {
  resource: { group: 'berth.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true },
  singular: 'thing',
  shortNames: [],
  about: 'A thing.',
  schema: z.object({
    spec: z.object({ count: z.int().min(1).optional(), names: z.array(z.string()) }).strict(),
    status: z.object({ labels: z.record(z.string(), z.string()) }).optional(),
  }),
  statusPart: true,
  columns: [],
};

test('the schema is what the API server takes: structural, with objects that say what they are of', () => {
  expect(definitionObject(example)).toMatchObject({
    metadata: { name: 'things.berth.dev' },
    spec: {
      scope: 'Namespaced',
      versions: [
        {
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['spec'],
              properties: {
                metadata: { type: 'object' },
                spec: {
                  type: 'object',
                  required: ['names'],
                  properties: { count: { type: 'integer', minimum: 1 }, names: { type: 'array' } },
                },
                status: { properties: { labels: { type: 'object', additionalProperties: { type: 'string' } } } },
              },
            },
          },
        },
      ],
    },
  });
});

/** Every word of a schema, below properties as well. */
function words(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(words);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? Object.values(value as object).flatMap(words) : [key, ...words(value)],
  );
}

test.each(DEFINITIONS)('$resource.kind has no word that Kubernetes does not know, and a kind for every value', (of) => {
  const { versions } = definitionObject(of).spec as {
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: unknown } }[];
  };
  const schema = versions[0]?.schema.openAPIV3Schema;
  expect(words(schema).filter((word) => !KEYS.has(word))).toEqual([]);
});
