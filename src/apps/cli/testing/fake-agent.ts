import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createServer } from '../../../io/system/node-http.ts';
import { runCli } from '../main.ts';

/** What an agent answers, by question: a value as JSON, a string as text, an Error as a problem of status 404. */
export type Answers = Readonly<Record<string, unknown>>;

/** A CLI run's output. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An agent's admin socket with canned answers, and `berth` run against it. */
export interface FakeAgent {
  readonly socket: string;
  readonly asked: { readonly question: string; readonly body: string }[];
  run(...args: readonly string[]): Promise<Ran>;
  close(): Promise<void>;
}

/** The moment at which all runs happen. */
export const NOW = Date.UTC(2026, 10, 21, 12);

export async function fakeAgent(answers: Answers): Promise<FakeAgent> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-cli-'));
  const socket = join(directory, 'admin.sock');
  const asked: { question: string; body: string }[] = [];
  const server = createServer(
    (request, response) =>
      void text(request).then((body) => {
        const question = `${request.method} ${request.url}`;
        asked.push({ question, body });
        const answer = answers[question] ?? answers[question.split('?')[0] ?? ''] ?? new Error(`no ${question}`);
        if (answer instanceof Error) response.writeHead(404).end(JSON.stringify({ error: answer.message }));
        else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      }),
  );
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    asked,
    run: (...args) => run(args, { BERTH_ADMIN_SOCKET: socket }),
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}

/** Runs one command and keeps what it says. */
export async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const before = process.env['BERTH_ADMIN_SOCKET'];
  const socket = environment['BERTH_ADMIN_SOCKET'];
  if (socket !== undefined) process.env['BERTH_ADMIN_SOCKET'] = socket; // where commander reads variables
  try {
    const code = await runCli(args, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      colour: false,
      environment,
      now: () => NOW,
    });
    return { code, out, err };
  } finally {
    if (before === undefined) delete process.env['BERTH_ADMIN_SOCKET'];
    else process.env['BERTH_ADMIN_SOCKET'] = before;
  }
}
