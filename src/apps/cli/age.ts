const UNITS = [
  { letter: 'd', ms: 86_400_000 },
  { letter: 'h', ms: 3_600_000 },
  { letter: 'm', ms: 60_000 },
  { letter: 's', ms: 1_000 },
] as const;

/** A duration as kubectl prints ages: "5d3h", "12m", "0s". Two units where the first is below ten, else one. */
export function age(ms: number): string {
  const left = Math.max(0, ms);
  const at = UNITS.findIndex((unit) => left >= unit.ms);
  const [first, second] = at < 0 ? [] : UNITS.slice(at, at + 2);
  if (first === undefined) return '0s';
  const count = Math.floor(left / first.ms);
  const rest = second === undefined || count >= 10 ? 0 : Math.floor((left % first.ms) / second.ms);
  return `${count}${first.letter}${rest > 0 && second !== undefined ? `${rest}${second.letter}` : ''}`;
}
