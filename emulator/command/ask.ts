import { askSocket } from '../../src/io/system/http-client.ts';

/** Where the operator's socket is when nobody says so: each user has one. */
export function defaultSocket(): string {
  return `/tmp/berth-emulator-${process.getuid?.() ?? 0}.sock`;
}

/** What cannot be done, for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Asks the emulator that listens there. Throws CommandError. */
export async function ask<T>(socket: string, what: string, body?: unknown, query?: Record<string, string>): Promise<T> {
  const question = { socket, ask: what, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) };
  const { status, text } = await askSocket({ ...question, ...(query === undefined ? {} : { query }) }).catch(
    (cause) => {
      throw new CommandError(`no emulator answers at ${socket}; start one: berth emulator start`, { cause });
    },
  );
  const answer = JSON.parse(text) as T & { readonly error?: string };
  if (status !== 200) throw new CommandError(answer.error ?? `the emulator answered ${status}`);
  return answer;
}
