import { ADMIN, type GcReply, type GcRequest } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { type Terminal, toned } from '../terminal.ts';

/** `berth gc`: removes what belongs to no living sandbox. Exit code 4 when something could not be removed. */
export async function gc(
  terminal: Terminal,
  options: AgentOptions & { readonly output: Format; readonly dryRun: boolean },
): Promise<ExitKind> {
  const body: GcRequest = { dryRun: options.dryRun };
  const it = await ask<GcReply>(options, ADMIN.gc, { body });
  await print(terminal, options.output, it, (value) => gcText(terminal, value, options.dryRun));
  return it.left.length === 0 ? 'ok' : 'found';
}

function gcText(terminal: Terminal, { removed, left, kept }: GcReply, dryRun: boolean): string {
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = [
    ...removed.map((what) => `${verb} ${what}`),
    ...left.map(({ what, why }) => toned(terminal, 'bad', `could not remove ${what}: ${why}`)),
    `${removed.length} ${dryRun ? 'to remove' : 'removed'}, ${left.length} left, ${kept} attachments kept`,
  ];
  return `${lines.join('\n')}\n`;
}
