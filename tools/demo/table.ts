/** Rows as a borderless table with columns padded, three spaces between. The first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** Says what is being done, then how it ended and how long it took. On a terminal the line is written over. */
export async function doing<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const live = process.stdout.isTTY;
  const began = performance.now();
  if (live) process.stdout.write(`… ${what}`);
  const value = await work();
  process.stdout.write(`${live ? '\r\x1b[K' : ''}✓ ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`);
  return value;
}
