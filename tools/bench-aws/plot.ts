import type { BurstCell } from './burst.ts';

const ROW = 22;
const LEFT = 360;
const WIDTH = 900;
const FILL: Readonly<Record<string, string>> = {
  'berth WARM_IP_TARGET=1': '#0a7',
  'berth defaults': '#7cb',
  'aws-node WARM_IP_TARGET=1': '#789',
  'aws-node defaults': '#abc',
};

/** Bars of the time to the last of some 30 pods from a warm pool, on a logarithmic scale, with the calls beside. */
export function plot(bursts: readonly BurstCell[]): string {
  const shown = bursts.filter(({ pool, pods }) => pool === 'warm' && pods >= 27 && pods <= 30);
  const longest = Math.max(1, ...shown.map(({ lastMs }) => lastMs));
  const width = (ms: number) =>
    Math.max(2, ((WIDTH - LEFT - 190) * Math.log10(1 + ms / 50)) / Math.log10(1 + longest / 50));
  const bars = shown.map((it, i) => {
    const y = 34 + i * ROW + Math.floor(i / 4) * 10;
    const side = `${it.program} ${it.targets}`;
    const name = `${it.type} ${it.unit === 'prefix' ? 'prefixes' : 'addresses'}, ${it.pods}`;
    const label = `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${i % 4 === 0 ? `${name}: ` : ''}${side}</text>`;
    const bar = `<rect x="${LEFT}" y="${y}" width="${width(it.lastMs).toFixed(1)}" height="${ROW - 6}" fill="${FILL[side]}"/>`;
    const figure = `${(it.lastMs / 1_000).toFixed(1)} s, ${it.mutating} calls`;
    return `${label}${bar}<text x="${(LEFT + width(it.lastMs) + 6).toFixed(1)}" y="${y + 13}">${figure}</text>`;
  });
  const height = 48 + shown.length * ROW + Math.floor(shown.length / 4) * 10;
  const title = `<text x="8" y="20" font-weight="bold">Pods at once on a warm node: time to the last (logarithmic), changing calls of EC2 until then</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${title}${bars.join('')}</svg>\n`;
}
