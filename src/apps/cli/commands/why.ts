import { ADMIN, type WhyReply } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { type Terminal, toned } from '../terminal.ts';

/** `berth why`: the decisions about a pod or an address, oldest first, also when it is gone. */
export async function why(
  terminal: Terminal,
  query: string,
  options: AgentOptions & { readonly output: Format },
): Promise<ExitKind> {
  const it = await ask<WhyReply>(options, ADMIN.why, { query: { q: query } });
  if (it.sentences.length === 0 && options.output === 'table')
    throw new CliError('nobody', `nothing was decided about ${query} since the agent started`, {
      advice:
        'name a pod as namespace/name, the start of a container id, or an address; "berth pods" lists who is attached',
    });
  await print(terminal, options.output, it, ({ sentences }) =>
    sentences.map(({ at, text }) => `${toned(terminal, 'quiet', timeText(at))}   ${text}\n`).join(''),
  );
  return it.sentences.length === 0 ? 'nobody' : 'ok';
}

/** Local time, as the logs of a node are read. */
function timeText(at: number): string {
  const date = new Date(at);
  const local = new Date(at - date.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, 23).replace('T', ' ');
}
