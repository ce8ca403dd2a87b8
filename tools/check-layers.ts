// The import law: reads the floors from ARCHITECTURE.md, the imports from the sources, and tells every fault.
//   node tools/check-layers.ts            faults only
//   node tools/check-layers.ts --matrix   also which room imports which, and how often
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** A row of the table "Floors": a room by its folder, and the rooms it may import. */
export interface Room {
  readonly folder: string; //                 "src/io/kernel"; "src/io/*" stands for each folder in it
  readonly imports: readonly string[]; //     folders, "*" as above; its own is understood
  readonly sealed: boolean;
}

/** A source with its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  readonly to: string; // a path of the tree, or a package as it is written
  readonly local: boolean;
}

const FILE_LINES = 300;
const FUNCTION_LINES = 70;
const LINE_LETTERS = 120;
/** What the sealed floors' own compiler options do not take away already. */
const IMPURE = /\bDate\.now\b|\bnew Date\(|\bMath\.random\b|\basync\b|\bawait\b/;

/** The rows of the table under "## Floors". Throws when there is none. */
export function readFloors(markdown: string): readonly Room[] {
  const section = /## Floors\n([\s\S]*?)(\n## |$)/.exec(markdown)?.[1] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  if (rows.length === 0) throw new Error('ARCHITECTURE.md has no table under "## Floors"');
  return rows.map((row) => {
    const [folder = '', imports = '', sealed = ''] = row
      .split('|')
      .slice(1, 4)
      .map((cell) => cell.trim());
    return { folder: unquoted(folder)[0] ?? '', imports: unquoted(imports), sealed: sealed === 'sealed' };
  });
}

/** Every import and re-export of a source, those of types included. */
export function importsOf({ path, text }: Source): readonly Import[] {
  const pattern =
    /^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm;
  return [...code(text).matchAll(pattern)].map((match) => {
    const spec = match[1] ?? match[2] ?? match[3] ?? '';
    const local = spec.startsWith('.');
    return { from: path, to: local ? relative('.', resolve(dirname(path), spec)) : spec, local };
  });
}

/** Everything wrong with the sources, a sentence each. */
export function faultsOf(rooms: readonly Room[], sources: readonly Source[]): readonly string[] {
  const imports = sources.flatMap(importsOf);
  return [
    ...imports.flatMap((it) => forbidden(rooms, it)),
    ...circles(imports),
    ...sources.flatMap((source) => impurities(rooms, source)),
    ...sources.flatMap(sizes),
  ];
}

function forbidden(rooms: readonly Room[], { from, to, local }: Import): string[] {
  const room = roomOf(rooms, from);
  if (room === undefined) return [`${from}: stands in no room of ARCHITECTURE.md`];
  const testing = isTest(from);
  if (!local) return room.sealed && !testing ? [`${from}: a sealed floor imports ${to}`] : [];
  const target = roomOf(rooms, to);
  if (target === undefined) return [`${from}: imports ${to}, which stands in no room`];
  if (placeOf(room, from) === placeOf(target, to)) return [];
  const allowed = room.imports.some((folder) => matches(folder, to));
  return allowed || testing ? [] : [`${from}: ${placeOf(room, from)} may not import ${to}`];
}

/** Circles among files; imports of types count, for a reader follows them as well. */
function circles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const { from, to, local } of imports) if (local) edges.set(from, [...(edges.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}

function impurities(rooms: readonly Room[], { path, text }: Source): string[] {
  if (roomOf(rooms, path)?.sealed !== true || isTest(path)) return [];
  const word = IMPURE.exec(withoutTexts(code(text)))?.[0];
  return word === undefined ? [] : [`${path}: a sealed floor uses ${word}`];
}

function sizes({ path, text }: Source): string[] {
  const lines = text.trimEnd().split('\n');
  const faults: string[] = [];
  if (lines.length > FILE_LINES && !isTest(path))
    faults.push(`${path}: ${lines.length} lines; the end is ${FILE_LINES}`);
  lines.forEach((line, i) => {
    if (line.length > LINE_LETTERS && !isProse(line))
      faults.push(`${path}:${i + 1}: ${line.length} letters; the end is ${LINE_LETTERS}`);
  });
  if (!isTest(path)) faults.push(...longFunctions(path, lines));
  return faults;
}

/** By indentation, which the formatter keeps honest: from a line that opens a function to the one that closes it. */
function longFunctions(path: string, lines: readonly string[]): string[] {
  const faults: string[] = [];
  lines.forEach((line, i) => {
    const opens =
      /^(\s*)(export )?(async )?function\b.*|^(\s+)(static |async |get |set |#)?[\w#]+\(.*\)(: .+)? \{$/.exec(line);
    if (opens === null || /^\s*(if|for|while|switch|return|catch)\b/.test(line)) return;
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex(
      (other, j) => j > i && other.startsWith(`${indent}}`) && !other.startsWith(`${indent} `),
    );
    if (end - i + 1 > FUNCTION_LINES)
      faults.push(`${path}:${i + 1}: a function of ${end - i + 1} lines; the end is ${FUNCTION_LINES}`);
  });
  return faults;
}

/** Which room imports which: rows import columns. */
export function matrix(rooms: readonly Room[], sources: readonly Source[]): string {
  const place = (path: string) => {
    const room = roomOf(rooms, path);
    return room === undefined ? '?' : placeOf(room, path);
  };
  const order = (name: string) => rooms.findIndex(({ folder }) => matches(folder, `${name}/x`));
  const names = [...new Set(sources.map(({ path }) => place(path)))].sort(
    (a, b) => order(a) - order(b) || a.localeCompare(b),
  );
  const counts = new Map<string, number>();
  for (const it of sources.filter(({ path }) => !isTest(path)).flatMap(importsOf)) {
    if (!it.local) continue;
    const key = `${place(it.from)} ${place(it.to)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const width = Math.max(...names.map((name) => name.length)) + 4;
  const head = ' '.repeat(width) + names.map((_, i) => String(i + 1).padStart(4)).join('');
  const rowOf = (from: string, i: number) =>
    `${String(i + 1).padStart(2)} ${from}`.padEnd(width) +
    names.map((to) => String(counts.get(`${from} ${to}`) ?? '.').padStart(4)).join('');
  return [head, ...names.map(rowOf)].join('\n');
}

/** The most particular room that a path lies in. */
function roomOf(rooms: readonly Room[], path: string): Room | undefined {
  return rooms.filter(({ folder }) => matches(folder, path)).sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** The folder that a path's room stands for: "src/io/*" is a room for each folder in it. */
function placeOf({ folder }: Room, path: string): string {
  if (!folder.endsWith('/*')) return folder;
  return path.split('/').slice(0, folder.split('/').length).join('/');
}

function matches(folder: string, path: string): boolean {
  const plain = folder.replace(/\/\*$/, '');
  return path === plain || path.startsWith(`${plain}/`);
}

/** Comments taken out, line breaks kept. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, (it) => it.replaceAll(/[^\n]/g, ' ')).replaceAll(/(^|\s)\/\/.*/g, '$1');
}

function withoutTexts(text: string): string {
  return text.replaceAll(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");
}

/** Comments and texts may be long: a link or a sentence is not broken for a number. */
function isProse(line: string): boolean {
  return /^\s*(\*|\/\/|\/\*\*)|['"`].{40,}['"`]|\/\/ /.test(line);
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('test/');
}

function unquoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** All TypeScript of a folder. */
export function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && /\.tsx?$/.test(it.name))
    .map((it) => join(it.parentPath, it.name))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

if (import.meta.main) {
  const rooms = readFloors(readFileSync('ARCHITECTURE.md', 'utf8'));
  const folders = readdirSync('.').filter((name) => ['src', 'sim', 'emulator', 'test', 'tools'].includes(name));
  const sources = folders.flatMap(sourcesIn);
  const faults = faultsOf(rooms, sources);
  if (process.argv.includes('--matrix'))
    console.log(
      matrix(
        rooms,
        sources.filter(({ path }) => path.startsWith('src/')),
      ),
    );
  for (const fault of faults) console.error(fault);
  console.log(`${sources.length} files, ${sources.flatMap(importsOf).length} imports, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
