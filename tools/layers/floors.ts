import type { Import } from './source.ts';
import { isTest } from './source.ts';

/** A row of the table "Floors": a room by its folder, and the rooms it may import. */
export interface Room {
  readonly folder: string; //                 "src/base", or a file; "src/io/*" stands for each folder in it
  readonly imports: readonly string[]; //     folders, "*" as above; its own is understood
  readonly sealed: boolean;
  readonly packages: readonly string[]; //    that a sealed one may import all the same
}

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
    const packages = unquoted(sealed);
    return {
      folder: unquoted(folder)[0] ?? '',
      imports: unquoted(imports),
      sealed: /^sealed\b/.test(sealed),
      packages,
    };
  });
}

/** What the table does not allow about one import. */
export function forbidden(rooms: readonly Room[], { from, to, local }: Import): readonly string[] {
  const room = roomOf(rooms, from);
  if (room === undefined) return [`${from}: stands in no room of ARCHITECTURE.md`];
  const open = !room.sealed || isTest(from) || room.packages.includes(to);
  if (!local) return open ? [] : [`${from}: a sealed floor imports ${to}`];
  const target = roomOf(rooms, to);
  if (target === undefined) return [`${from}: imports ${to}, which stands in no room`];
  if (placeOf(room, from) === placeOf(target, to) || isTest(from)) return [];
  const allowed = room.imports.some((folder) => matches(folder, to));
  return allowed ? [] : [`${from}: ${placeOf(room, from)} may not import ${to}`];
}

/** Whether the path lies on a sealed floor. */
export function isSealed(rooms: readonly Room[], path: string): boolean {
  return roomOf(rooms, path)?.sealed === true;
}

/** Which room imports which, and how often: rows import columns. Tests do not count. */
export function matrix(rooms: readonly Room[], paths: readonly string[], imports: readonly Import[]): string {
  const place = (path: string) => {
    const room = roomOf(rooms, path);
    return room === undefined ? '?' : placeOf(room, path);
  };
  const order = (name: string) => rooms.findIndex(({ folder }) => matches(folder, `${name}/x`));
  const names = [...new Set(paths.map(place))].sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  const counts = new Map<string, number>();
  for (const { from, to, local } of imports) {
    if (!local || isTest(from)) continue;
    const key = `${place(from)} ${place(to)}`;
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
  return folder.endsWith('/*') ? path.split('/').slice(0, folder.split('/').length).join('/') : folder;
}

/** "src/io/*" holds what lies in a folder of src/io, not what lies in src/io itself. */
function matches(folder: string, path: string): boolean {
  if (!folder.endsWith('/*')) return path === folder || path.startsWith(`${folder}/`);
  const above = folder.slice(0, -1);
  return path.startsWith(above) && path.slice(above.length).includes('/');
}

function unquoted(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
