import { ADMIN, type ExplainItem, type ExplainReply } from '../../../wire/agent/status.ts';
import { age } from '../age.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { facts, NONE, table } from '../table.ts';
import { type Terminal, type Tone, toned } from '../terminal.ts';

/** `berth explain`: the plan of an attachment beside the kernel. Exit code 4 when they differ. */
export async function explain(
  terminal: Terminal,
  query: string,
  options: AgentOptions & { readonly output: Format },
): Promise<ExitKind> {
  const it = await ask<ExplainReply>(options, ADMIN.explain, { query: { q: query } });
  await print(terminal, options.output, it, (value) => explainText(terminal, value));
  return it.items.every(({ state }) => state === 'ok') ? 'ok' : 'found';
}

function explainText(terminal: Terminal, it: ExplainReply): string {
  const { attachment } = it;
  const head = facts([
    ['Pod', attachment.pod ?? NONE],
    ['Container', attachment.container],
    ['Interface', `${attachment.ifname} on network ${attachment.network}`],
    ['Addresses', attachment.addresses.join(', ') || NONE],
    ['Sandbox', it.netns],
    ['Host link', it.hostLink ?? NONE],
    ['Ports', it.ports.join(', ') || NONE],
    ['Attached', `${age(terminal.now() - attachment.since)} ago`],
  ]);
  const rows = it.items.flatMap((item) => itemRows(terminal, item));
  const wrong = it.items.filter(({ state }) => state !== 'ok').length;
  const verdict =
    wrong === 0
      ? 'The kernel holds all of it.'
      : `${wrong} of ${it.items.length} ${wrong === 1 ? 'differs' : 'differ'}.`;
  return `${head}\n${table(['KERNEL', 'PLAN'], rows)}\n${verdict}\n`;
}

const TONES: Readonly<Record<ExplainItem['state'], Tone>> = {
  ok: 'good',
  missing: 'bad',
  changed: 'bad',
  foreign: 'doubtful',
};

function itemRows(terminal: Terminal, { state, line, have }: ExplainItem): string[][] {
  const first = [toned(terminal, TONES[state], state), line];
  return have === undefined ? [first] : [first, ['', toned(terminal, 'bad', `now: ${have}`)]];
}
