import type { Clock, Millis } from '../../../base/clock.ts';
import { CloudError } from '../provider.ts';

// undici, which fetch would load, is 13 MB
const { request } = process.getBuiltinModule('node:http');

const TOKEN_SECONDS = 21_600;

export interface MetadataOptions {
  readonly endpoint: string; //   "http://169.254.169.254"
  readonly timeoutMs: Millis;
  readonly clock: Clock;
  readonly ask?: MetadataAsk; //  absent: over the network
}

/** One request to the service, and its answer. Throws CloudError when there is none. */
export type MetadataAsk = (
  method: 'GET' | 'PUT',
  path: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly text: string }>;

/** The instance metadata service, version 2: "Use IMDS", Amazon EC2 User Guide. */
export class Metadata {
  readonly #options: MetadataOptions;
  readonly #ask: MetadataAsk;
  #token: { readonly text: string; readonly until: Millis } | undefined;

  constructor(options: MetadataOptions) {
    this.#options = options;
    this.#ask = options.ask ?? overNetwork(options);
  }

  /** The text at a path under /latest/meta-data/, or undefined where there is none. Throws CloudError. */
  async find(path: string): Promise<string | undefined> {
    for (let tries = 0; ; tries++) {
      const { status, text } = await this.#ask('GET', `/latest/meta-data/${path}`, {
        'x-aws-ec2-metadata-token': await this.#tokenNow(),
      });
      if (status === 200) return text;
      if (status === 404) return undefined;
      this.#token = undefined; // 401: it ended early
      if (status !== 401 || tries > 0) throw unanswered(path, `HTTP ${status}`);
    }
  }

  /** The text at a path that every instance has. */
  async get(path: string): Promise<string> {
    const text = await this.find(path);
    if (text === undefined) throw unanswered(path, 'nothing is there');
    return text;
  }

  /** The lines at a path; none where there is nothing. */
  async lines(path: string): Promise<readonly string[]> {
    const text = (await this.find(path)) ?? '';
    return text.split('\n').filter((line) => line !== '');
  }

  async #tokenNow(): Promise<string> {
    const now = this.#options.clock.now();
    if (this.#token !== undefined && this.#token.until > now) return this.#token.text;
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': `${TOKEN_SECONDS}` };
    const { status, text } = await this.#ask('PUT', '/latest/api/token', headers);
    if (status !== 200) throw unanswered('the token', `HTTP ${status}`);
    this.#token = { text, until: now + (TOKEN_SECONDS * 1_000) / 2 };
    return text;
  }
}

function overNetwork({ endpoint, timeoutMs }: MetadataOptions): MetadataAsk {
  return (method, path, headers) =>
    new Promise((resolve, reject) => {
      const fail = (cause: Error) => reject(unanswered(path, cause.message, cause));
      const signal = AbortSignal.timeout(timeoutMs);
      const asked = request(new URL(path, endpoint), { method, headers, signal, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      asked.on('error', fail).end();
    });
}

function unanswered(path: string, why: string, cause?: Error): CloudError {
  const message = `the instance metadata service does not tell ${path}: ${why}; is it enabled, and does it answer at 169.254.169.254?`;
  return new CloudError('unknown', { action: 'metadata', code: 'Metadata', message, cause });
}
