import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDERS = ['src', 'sim', 'emulator', 'test', 'tools', 'native', 'deploy', 'docs', '.ci'];
const FLOORS = /^(base|core|wire|io|apps)\//;
const ENDINGS = /\.(ts|c|h|sh|md)$/;
/** Names of no file, in rules about names. */
const EXAMPLES = new Set(['kebab-case.ts', 'index.ts']);

/** Which of the sources that a document names in backquotes are not there. "core/x.ts" is short for "src/core/x.ts". */
export function deadPaths(file: string, text: string, names: ReadonlySet<string>): readonly string[] {
  const named = [...text.matchAll(/`([\w./-]+)`/g)].map((match) => match[1] ?? '');
  return [...new Set(named)]
    .filter((path) => !isThere(path, names))
    .map((path) => `${file}: names ${path}, which is not there`);
}

/** The names of all files of ours, for documents that say "step.ts". */
export function sourceNames(): ReadonlySet<string> {
  const listed = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return new Set([...listed, ...readdirSync('.')].map((path) => basename(path)));
}

function isThere(path: string, names: ReadonlySet<string>): boolean {
  const [top = ''] = path.split('/');
  if (FLOORS.test(path)) return existsSync(join('src', path));
  if (path.includes('/')) return !FOLDERS.includes(top) || existsSync(path);
  return !ENDINGS.test(path) || EXAMPLES.has(path) || names.has(path);
}
