/** A Markdown table. Cells may hold code in backquotes; a bar in them is escaped. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${heads.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** A text as code, or nothing. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}
