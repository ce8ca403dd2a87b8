import { existsSync } from 'node:fs';
import { askSocket } from '../../io/system/http-client.ts';
import { SocketError } from '../../io/system/socket-error.ts';
import type { AdminProblem } from '../../wire/agent/status.ts';
import { CliError } from './exit.ts';

export interface AgentOptions {
  readonly socket: string; // the agent's admin socket
}

export interface Question {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Asks the agent. T is what the agent promises for this question: wire/agent/status.ts. Throws CliError. */
export async function ask<T>({ socket }: AgentOptions, question: string, more: Question = {}): Promise<T> {
  return JSON.parse(await askText({ socket }, question, more)) as T;
}

/** The same for answers that are text. */
export async function askText({ socket }: AgentOptions, question: string, more: Question = {}): Promise<string> {
  const { status, text } = await askSocket({ socket, ask: question, ...more }).catch((cause: unknown) => {
    throw agentAway(socket, cause);
  });
  if (status === 200) return text;
  throw new CliError(status === 404 ? 'nobody' : 'failed', problemOf(text, status));
}

/** Nobody answers: what to do about it. */
function agentAway(socket: string, cause: unknown): CliError {
  const kind = cause instanceof SocketError ? cause.kind : 'unknown';
  if (kind === 'denied' || process.getuid?.() !== 0)
    return new CliError('away', `${socket} may only be used by root`, {
      advice: 'run berth as root, or with sudo',
      cause,
    });
  if (kind !== 'absent')
    return new CliError('away', `no answer from the agent on ${socket}`, { advice: readLog(), cause });
  return new CliError('away', `no agent answers on ${socket}`, {
    advice: `${startIt()}; berth check looks at this node`,
    cause,
  });
}

/** How an agent is started here. */
export function startIt(): string {
  return withSystemd()
    ? 'start it with "systemctl start berth-agent"; "journalctl -u berth-agent" tells why it ended'
    : 'start it with "berth agent"; where it listens elsewhere, say so with --socket or BERTH_ADMIN_SOCKET';
}

function readLog(): string {
  return withSystemd() ? 'see "journalctl -u berth-agent"' : 'see the log of the agent';
}

function withSystemd(): boolean {
  return existsSync('/run/systemd/system'); // sd_booted(3)
}

function problemOf(text: string, status: number): string {
  try {
    return (JSON.parse(text) as AdminProblem).error;
  } catch {
    return `the agent answered with status ${status}`;
  }
}
