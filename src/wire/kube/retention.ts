import type { Millis } from '../../base/clock.ts';

/** So long an address stays its pod's after the pod is wanted no more. */
export type Retention = { readonly kind: 'for'; readonly ms: Millis } | { readonly kind: 'never' };

const UNIT_MS: Readonly<Record<string, Millis>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "24h", "1h30m", "300s", "7d", or "Never": it is not given back. Undefined: none of these. */
export function readRetention(text: string): Retention | undefined {
  if (/^never$/i.test(text)) return { kind: 'never' };
  if (!/^(\d{1,6}[smhd])+$/.test(text)) return undefined;
  const parts = text.match(/\d+[smhd]/g) ?? [];
  return {
    kind: 'for',
    ms: parts.reduce((sum, it) => sum + Number(it.slice(0, -1)) * (UNIT_MS[it.slice(-1)] ?? 0), 0),
  };
}
