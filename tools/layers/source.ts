import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { bare, withoutComments } from './mask.ts';

/** A file with its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  readonly to: string; // a path of the tree, or a package as it is written
  readonly local: boolean;
}

const STATIC = /^(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.+?)\1|^import\s*(['"])(.+?)\3/gm;
const WHEN_RUN = /\bimport\(\s*(['"])(.+?)\1\s*\)/g;

/** Every import and re-export of a source, those of types included: a reader follows them as well. */
export function importsOf({ path, text }: Source): readonly Import[] {
  const code = withoutComments(text);
  const hollow = bare(text); // an import that stands within a text is none
  return [...code.matchAll(STATIC), ...code.matchAll(WHEN_RUN)]
    .filter((match) => /^(import|export)/.test(hollow.slice(match.index)))
    .map((match) => {
      const named = match[2] ?? match[4] ?? '';
      const local = named.startsWith('.');
      return { from: path, to: local ? relative('.', resolve(dirname(path), named)) : named, local };
    });
}

/** Tests, and what only they use, may import anything. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('test/');
}

/** All TypeScript of a folder. */
export function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && /\.tsx?$/.test(it.name))
    .map((it) => join(it.parentPath, it.name))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
