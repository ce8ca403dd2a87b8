import { counted, duration } from '../../../base/words.ts';
import type { PoolFamily, PoolReply, PoolTargets, PoolTrouble } from '../../../wire/agent/cloud.ts';
import { ADMIN } from '../../../wire/agent/status.ts';
import { age } from '../age.ts';
import { type AgentOptions, ask } from '../ask.ts';
import type { ExitKind } from '../exit.ts';
import { saidNoCloud } from '../no-cloud.ts';
import { type Format, print } from '../output.ts';
import { facts, NONE, table } from '../table.ts';
import { type Terminal, toned } from '../terminal.ts';
import { needName, shortCount } from '../words.ts';

const HEADS = ['FAMILY', 'HELD', 'CLAIMED', 'COOLING', 'FREE', 'COMING', 'WAITING', 'EXPECTED', 'AIM'];

/** `berth pool`: what the pool of a node on a cloud has, wants, and will do. */
export async function pool(terminal: Terminal, options: AgentOptions & { readonly output: Format }): Promise<ExitKind> {
  const reply = await ask<PoolReply>(options, ADMIN.pool);
  await print(terminal, options.output, reply, (it) => poolText(terminal, it));
  saidNoCloud(terminal, { output: options.output, provider: reply.provider });
  return 'ok';
}

function poolText(terminal: Terminal, it: PoolReply): string {
  if (it.targets === undefined) return '';
  const now = terminal.now();
  const head = facts([
    ['Provider', it.provider],
    ['Targets', targetWords(it.targets)],
    ['NICs', nicWords(it)],
    ['Confirmed', it.sureAt === undefined ? 'not yet' : `${age(now - it.sureAt)} ago`],
  ]);
  const plans = it.families.map(({ now: stand, next }) => `\nNow:    ${stand}.\nNext:   ${next}.\n`);
  const troubles = it.troubles.map((trouble) => `  ${toned(terminal, 'doubtful', troubleWords(trouble, now))}\n`);
  const refused = troubles.length === 0 ? '' : `\nThe cloud refused:\n${troubles.join('')}`;
  return `${head}\n${table(HEADS, it.families.map(cells))}${plans.join('')}${refused}`;
}

function targetWords({ unit, maxPods, ...set }: PoolTargets): string {
  const { maxNics: _most, ...warm } = set;
  const words = Object.entries(warm).map(([name, value]) => `${name} ${value}`);
  const what = words.length === 0 ? 'as the demand is' : words.join(', ');
  return `${what}, by ${unit}, for ${counted(maxPods, 'pod')} at most`;
}

function nicWords({ nics }: PoolReply): string {
  if (nics === undefined) return NONE;
  return nics.atMost === undefined ? `${nics.attached}` : `${nics.attached} of ${nics.atMost}`;
}

function cells(it: PoolFamily): readonly string[] {
  return [
    needName(it),
    shortCount(`${it.total}`),
    `${it.claimed}`,
    `${it.cooling}`,
    shortCount(`${it.free}`),
    shortCount(`${it.coming}`),
    `${it.waiting}`,
    `${it.expected}`,
    aimWords(it),
  ];
}

function aimWords({ aim }: PoolFamily): string {
  if (aim === undefined) return '<unknown>';
  const { low, high, minimum } = aim;
  const free = high === undefined ? `${low} or more free` : low === high ? `${low} free` : `${low} to ${high} free`;
  return minimum === 0 ? free : `${free}, ${minimum} in all`;
}

/** What was refused, since when, and when that ends: the code is in the message. */
function troubleWords({ message, scope, since, until, failures }: PoolTrouble, now: number): string {
  const again = until > now ? `asked again in ${duration(until - now)}` : 'asked again when it is needed';
  return `${message} (${scope}; since ${duration(now - since)}, ${counted(failures, 'failure')} in a row, ${again})`;
}
