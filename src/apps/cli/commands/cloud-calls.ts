import { duration } from '../../../base/words.ts';
import type { CallsRow, CloudCallsReply } from '../../../wire/agent/cloud.ts';
import { ADMIN } from '../../../wire/agent/status.ts';
import { age } from '../age.ts';
import { type AgentOptions, ask } from '../ask.ts';
import type { ExitKind } from '../exit.ts';
import { saidNoCloud } from '../no-cloud.ts';
import { type Format, print } from '../output.ts';
import { NONE, table } from '../table.ts';
import { type Terminal, toned } from '../terminal.ts';

const HEADS = ['ACTION', 'CALLS', 'OK', 'THROTTLED', 'FAILED', 'MEDIAN', 'MAX', 'LAST', 'FOR', 'LAST FAILURE'];

/** `berth cloud calls`: what was asked of the cloud since the agent's start, each try by itself. */
export async function cloudCalls(
  terminal: Terminal,
  options: AgentOptions & { readonly output: Format },
): Promise<ExitKind> {
  const reply = await ask<CloudCallsReply>(options, ADMIN.cloudCalls);
  const { output } = options;
  const { actions, since, provider } = reply;
  const rows = () =>
    table(
      HEADS,
      actions.map((row) => cells(terminal, row)),
    );
  await print(terminal, output, reply, rows);
  if (saidNoCloud(terminal, { output, provider })) return 'ok';
  if (actions.length === 0 && output === 'table')
    terminal.err(`Nothing was asked of the cloud in the ${age(terminal.now() - since)} since the agent's start.\n`);
  return 'ok';
}

function cells(terminal: Terminal, row: CallsRow): readonly string[] {
  const now = terminal.now();
  const { lastFailure: failure, urgencies } = row;
  const bad = (text: string) => (text === '0' ? text : toned(terminal, 'doubtful', text));
  return [
    row.action,
    `${row.calls}`,
    `${row.outcomes['ok'] ?? 0}`,
    bad(`${row.throttled}`),
    bad(failures(row)),
    duration(row.medianMs),
    duration(row.maxMs),
    `${age(now - row.lastAt)} ago`,
    listedCounts(urgencies),
    failure === undefined ? NONE : `${failure.code}, ${age(now - failure.at)} ago`,
  ];
}

/** What else came of them, kind by kind. */
function failures({ outcomes, failed }: CallsRow): string {
  const { ok: _ok, throttled: _throttled, ...others } = outcomes;
  return failed === 0 ? '0' : listedCounts(others);
}

function listedCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
