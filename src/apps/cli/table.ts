const GAP = '   ';
const ESCAPE = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, 'g');

/**
 * Columns as kubectl prints them: upper-case heads, three spaces, no lines, nothing behind the last. No rows: no text.
 */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], withHeads = true): string {
  if (rows.length === 0) return '';
  const all = withHeads ? [heads, ...rows] : rows;
  const widths = heads.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => pad(cell, widths[i] ?? 0))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

/** "Name:   value" lines, the values under each other. */
export function facts(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length + 1));
  return entries.map(([name, value]) => `${`${name}:`.padEnd(width)}${GAP}${value}\n`).join('');
}

/** What is not there, as kubectl says it. */
export const NONE = '<none>';

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - widthOf(cell));
}

/** Colours take no room. */
function widthOf(cell: string): number {
  return cell.replaceAll(ESCAPE, '').length;
}
