import { ADMIN, type AgentStatus, type LogLevelReply, type LogLevelRequest } from '../../../wire/agent/status.ts';
import { type AgentOptions, ask } from '../ask.ts';
import { type ExitKind } from '../exit.ts';
import { type Terminal } from '../terminal.ts';

/** `berth log-level`: what the running agent logs from now on, until it starts again. */
export async function logLevel(
  terminal: Terminal,
  level: LogLevelRequest['level'],
  options: AgentOptions,
): Promise<ExitKind> {
  const body: LogLevelRequest = { level };
  const { before } = await ask<LogLevelReply>(options, ADMIN.logLevel, { body });
  const { node } = await ask<AgentStatus>(options, ADMIN.status);
  terminal.out(`the agent of ${node} logs ${level}, it logged ${before}\n`);
  return 'ok';
}
