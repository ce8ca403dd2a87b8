import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type * as z from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type Environment, type EnvironmentKey, mayBeAbsent, override, variableOf } from './environment.ts';

const FILE_LIMIT = 1024 * 1024; // bytes: a thousand peers are 100 KiB

/** What a file is read by. */
export interface FileQuestion<S extends z.ZodType> {
  readonly schema: S;
  readonly variables: readonly EnvironmentKey[];
  readonly environment: Environment;
  readonly source: string; // how the file is named in what is said of it
}

/** What a file holds, with every default, and where in it something stands. */
export interface ReadFile<T> {
  readonly content: T;
  /** The same problem with the line, or the variable, that it comes of. */
  readonly found: (problem: ConfigProblem) => ConfigProblem;
}

/** Reads a text of YAML; the environment wins over it. Throws ConfigError with all that is wrong. */
export function readYaml<S extends z.ZodType>(text: string, question: FileQuestion<S>): ReadFile<z.output<S>> {
  const { schema, variables, environment, source } = question;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(({ message, pos }) => ({
    where: '',
    line: lines.linePos(pos[0]).line,
    says: message,
  }));
  if (broken.length > 0) throw new ConfigError('invalid', source, broken);
  const place = (path: Path, key?: string) => placeOf(document, lines, { path, key, variables, environment });
  const written = withoutNulls(contentOf(document, source));
  const checked = schema.safeParse(override(written, variables, environment));
  if (!checked.success)
    throw new ConfigError(
      'invalid',
      source,
      checked.error.issues.flatMap((it) => explain(it, place)),
    );
  return { content: checked.data, found: (problem) => ({ ...problem, ...place(pathOf(problem.where)) }) };
}

/** The text of a configuration file, none of one that is absent and may be. Throws ConfigError. */
export function readText(path: string, environment: Environment): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= FILE_LIMIT) return text;
    throw new RangeError(`larger than ${FILE_LIMIT} bytes`);
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent && mayBeAbsent(environment)) return '';
    const says = absent ? 'no such file' : cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(absent ? 'absent' : 'unreadable', path, [{ where: '', says }], cause);
  }
}

type Path = readonly (string | number)[];
type Place = Pick<ConfigProblem, 'where' | 'line'>;

/** Plain values of a document. Aliases are looked up only now, and may lead nowhere or grow without bound. */
function contentOf(document: Document, source: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid', source, [{ where: '', says }], cause);
  }
}

/** An issue of the schema as problems: one for each unknown key. */
function explain(issue: z.core.$ZodIssue, place: (path: Path, key?: string) => Place): ConfigProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ ...place(path), says: issue.message }];
  return issue.keys.map((key) => ({ ...place([...path, key], key), says: issue.message }));
}

interface PlaceQuestion {
  readonly path: Path;
  readonly key: string | undefined; // set when the path's last part is a key that the schema does not know
  readonly variables: readonly EnvironmentKey[];
  readonly environment: Environment;
}

/**
 * What a reader looks for: the variable that set a value, or the line of the file where it or what should hold it
 * stands.
 */
function placeOf(document: Document, lines: LineCounter, { path, key, variables, environment }: PlaceQuestion): Place {
  const where = path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
  const variable = key === undefined ? variableOf(where, variables, environment) : undefined;
  if (variable !== undefined) return { where: `${variable} (${where})` };
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return { where, line: lines.linePos(node.range[0]).line };
  }
  return { where };
}

/** "network.peers[2].name" → its parts: the opposite of what `placeOf` writes. */
function pathOf(where: string): Path {
  return where
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** A key without a value counts as absent. */
function withoutNulls(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object') return value;
  const kept = Object.entries(value as object).filter(([, it]) => it !== null);
  return Object.fromEntries(kept.map(([key, it]) => [key, withoutNulls(it)]));
}
