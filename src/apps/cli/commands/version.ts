import { VERSION } from '../../../base/version.ts';
import { ADMIN, type AgentStatus } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { CliError, type ExitKind } from '../exit.ts';
import { type Format, print } from '../output.ts';
import { facts } from '../table.ts';
import { type Terminal } from '../terminal.ts';

/** `berth version`: of this program, and of the agent where one answers. */
export async function version(
  terminal: Terminal,
  options: AgentOptions & { readonly output: Format; readonly client: boolean },
): Promise<ExitKind> {
  const agent = options.client ? undefined : await agentVersion(options);
  const it = { client: VERSION, node: process.versions.node, ...(agent === undefined ? {} : { agent }) };
  await print(terminal, options.output, it, () =>
    facts([
      ['Client', `${VERSION} (Node ${process.versions.node})`],
      ...(options.client ? [] : [['Agent', agent ?? 'does not answer'] as const]),
    ]),
  );
  return 'ok';
}

async function agentVersion(options: AgentOptions): Promise<string | undefined> {
  try {
    return (await ask<AgentStatus>(options, ADMIN.status)).version;
  } catch (error) {
    if (error instanceof CliError) return undefined; // the question was ours first
    throw error;
  }
}
