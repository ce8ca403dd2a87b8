import * as z from 'zod';
import { ENVIRONMENT, type EnvironmentKey } from './environment.ts';
import { configSchema } from './schema.ts';

/** One key of the configuration file, as its table in docs/configuration.md tells it. */
export interface ConfigKey {
  readonly key: string; //      "network.peers[].name"
  readonly about: string;
  readonly fallback: unknown; // what an absent key means; undefined: it must be there, or nothing
  readonly restart: boolean; // whether a change waits for the next start of the agent
  readonly variable?: string; // the environment variable that overrides it
}

/** Every key that holds a value, in the order of the file. */
export function configKeys(): readonly ConfigKey[] {
  return keysOf(configSchema, { at: '', restart: false, variables: ENVIRONMENT });
}

/** Where in a schema we are. */
export interface Walk {
  readonly at: string; // '' at its top
  readonly restart: boolean;
  readonly variables: readonly EnvironmentKey[];
}

/** The keys of a schema, below a place of it. */
export function keysOf(schema: z.ZodType, { at, restart, variables }: Walk): ConfigKey[] {
  const waits = restart || z.globalRegistry.get(schema)?.['restart'] === true;
  const object = shapeOf(schema);
  const element = elementOf(schema);
  const inner = element === undefined ? undefined : shapeOf(element);
  const here = object === undefined ? [leaf(schema, { at, restart: waits, variables })] : [];
  const below = object ?? inner ?? {};
  const path = object === undefined ? `${at}[]` : at;
  const deeper = Object.entries(below).flatMap(([key, value]) =>
    keysOf(value, { at: path === '' ? key : `${path}.${key}`, restart: waits, variables }),
  );
  return [...here, ...deeper];
}

function leaf(schema: z.ZodType, { at: key, restart, variables }: Walk): ConfigKey {
  const { data: fallback } = schema.safeParse(undefined);
  const variable = variables.find((entry) => entry.key === key)?.variable;
  return { key, about: schema.description ?? '', fallback, restart, ...(variable === undefined ? {} : { variable }) };
}

/** The schema without its default, where it has one. */
function bare(schema: z.ZodType): z.ZodType {
  const wrapped = schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return wrapped ? bare(schema.unwrap() as z.ZodType) : schema;
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>) : undefined;
}

function elementOf(schema: z.ZodType): z.ZodType | undefined {
  const inner = bare(schema);
  return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
}
