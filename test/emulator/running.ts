import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { silent } from '../../src/base/log.ts';
import { askSocket } from '../../src/io/system/http-client.ts';
import { ACCESS_KEY, type Running, start, type StartOptions } from '../../emulator/server/start.ts';

const BERTH = new URL('../../src/berth.ts', import.meta.url).pathname;
const CACHE = new URL('../../node_modules/.cache/berth', import.meta.url).pathname; // as tools/run.sh has it
const REGION = 'us-east-1';

/** What a command printed, and how it ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An emulator as `berth emulator start` makes it, with its operator's socket. */
export interface Operated extends Running {
  readonly client: EC2Client;
  /** Runs `berth emulator …` in a process of its own. */
  command(...words: readonly string[]): Promise<Said>;
  /** Asks the operator's API: "POST /v1/faults". Answers what it says in JSON. */
  admin(what: string, body?: unknown): Promise<{ readonly status: number; readonly answer: unknown }>;
  with(more: EC2ClientConfig): EC2Client;
}

/** Without delays and quotas unless asked for; clients never try again unless asked to. */
export async function operated(more: Partial<StartOptions> = {}): Promise<Operated> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-emulator-'));
  const socket = join(folder, 'admin.sock');
  const where = { admin: socket, host: '127.0.0.1', port: 0, metadataPort: 0, region: REGION, type: 'm5.large' };
  const running = await start({ ...where, packets: false, delays: false, quota: false, seed: 7, log: silent, ...more });
  const clients: EC2Client[] = [];
  const make = (config: EC2ClientConfig) => {
    const client = new EC2Client({
      region: REGION,
      endpoint: `http://127.0.0.1:${running.port}`,
      credentials: { accessKeyId: ACCESS_KEY.id, secretAccessKey: ACCESS_KEY.secret },
      maxAttempts: 1,
      ...config,
    });
    clients.push(client);
    return client;
  };
  return {
    ...running,
    client: make({}),
    with: make,
    command: (...words) => run([BERTH, 'emulator', '--admin', socket, ...words]),
    admin: async (ask, body) => {
      const { status, text } = await askSocket({ socket, ask, ...(body === undefined ? {} : { body }) });
      return { status, answer: JSON.parse(text) as unknown };
    },
    close: async () => {
      for (const client of clients) client.destroy();
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: CACHE };
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
