import * as z from 'zod';
import { apiVersionOf, type Resource } from '../resource.ts';

/** A column of `kubectl get`: ordered as they stand. `priority` 1: only with -o wide. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly path: string; // JSONPath without braces: ".status.nics"
  readonly about: string;
  readonly priority?: 1;
}

/** A kind of object that is ours: its zod schema is the only source of what the API server checks. */
export interface Definition {
  readonly resource: Resource;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly about: string; //    what `kubectl explain` says first
  readonly schema: z.ZodObject; // of the object without apiVersion, kind and metadata
  readonly statusPart: boolean; // `status` is written by a path of its own
  readonly columns: readonly Column[];
  readonly selectable?: readonly string[]; // fields that lists and watches may be cut down by, as paths of columns
}

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) with its structural schema. */
export function definitionObject(of: Definition): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
} {
  const { resource, singular, shortNames, statusPart, columns, selectable = [] } = of;
  const { group, version, plural, kind, namespaced } = resource;
  const names = { kind, plural, singular, shortNames, listKind: `${kind}List`, categories: ['berth'] };
  const printed = columns.map(({ about: description, path: jsonPath, ...rest }) => ({
    ...rest,
    jsonPath,
    description,
  }));
  const served = {
    name: version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: wholeSchema(of) },
    ...(statusPart ? { subresources: { status: {} } } : {}),
    ...(selectable.length > 0 ? { selectableFields: selectable.map((jsonPath) => ({ jsonPath })) } : {}),
    additionalPrinterColumns: printed,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, names, scope: namespaced ? 'Namespaced' : 'Cluster', versions: [served] },
  };
}

/** apiVersion and kind, as every object of the kind bears them. */
export function typeOf({ resource }: Pick<Definition, 'resource'>): {
  readonly apiVersion: string;
  readonly kind: string;
} {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function wholeSchema({ about, schema }: Definition): object {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' });
  const { properties, ...own } = structural(json) as { readonly properties: object };
  const text = { type: 'string' };
  return {
    ...own,
    description: about,
    properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, ...properties },
  };
}

/**
 * JSON Schema as a structural schema has it: Kubernetes refuses `$schema` and `additionalProperties: false` (it prunes
 * what is unknown by itself), and a number's bounds that are only those of JavaScript say nothing.
 */
function structural(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(structural);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (key === '$schema' || (key === 'additionalProperties' && value === false)) return [];
    if (Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return [];
    return [[key, structural(value)]];
  });
  const made = Object.fromEntries(entries);
  return made['type'] === 'integer' ? { ...made, format: 'int64' } : made;
}
