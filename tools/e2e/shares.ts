/**
 * Names of specs in so many equal shares, each as a regular expression of Go that takes those and no others: the suite
 * matches it with the names, and its own name before them. No share is empty.
 */
export function shares(names: readonly string[], count: number): readonly string[] {
  const unique = [...new Set(names)];
  const parts = Array.from({ length: Math.min(count, unique.length) }, (_, i) =>
    unique.filter((_name, at) => at % count === i),
  );
  return parts.map((part) => `(${part.map(escaped).join('|')})$`);
}

function escaped(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
