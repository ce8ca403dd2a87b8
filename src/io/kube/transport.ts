import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Millis } from '../../base/clock.ts';
import { readFailure } from '../../wire/kube/failure.ts';
import type { Access, AccessSource } from './access.ts';
import { KubeError } from './client.ts';

// The faces of node:http and node:https for ES modules would load undici, 13 MB: docs/decisions/libraries.md.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

/** A dead server is noticed by the kernel: first asked after so long without a word. */
const KEEP_ALIVE_MS: Millis = 15_000;
/** More than any page of 500 objects. */
const MOST_BYTES = 256 * 1024 * 1024;

/** One request. `body` is sent as it is. */
export interface Asking {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string; // with its query
  readonly body?: { readonly type: string; readonly text: string };
  readonly timeoutMs: Millis; // until the answer begins, and between its parts
  readonly signal?: AbortSignal | undefined;
}

/** Asks the API server over connections that are kept. Everything it throws is a KubeError. */
export class Transport {
  readonly #source: AccessSource;
  readonly #plain: Agent;
  readonly #secure: Agent;

  constructor(source: AccessSource) {
    this.#source = source;
    // a watch holds its connection for minutes: no bound but that of who asks
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxFreeSockets: 2, scheduling: 'lifo' } as const;
    this.#plain = new http.Agent(kept);
    this.#secure = new https.Agent(kept);
  }

  /** The answer as JSON. Throws KubeError also for what the server refuses. */
  async json(asking: Asking): Promise<unknown> {
    const answer = await this.open(asking);
    const text = await wholeText(answer, asking);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new KubeError('garbled', `${told(asking)}: the answer is no JSON: ${text.slice(0, 100)}`, { cause });
    }
  }

  /** The answer when it begins; its body is still to be read. A refusal is thrown. */
  async open(asking: Asking): Promise<IncomingMessage> {
    let access = this.#source();
    let answer = await this.#send(access, asking);
    if (answer.statusCode === 401 && access.token !== undefined) {
      answer.resume(); // it may have been replaced a moment ago
      access = this.#source(true);
      answer = await this.#send(access, asking);
    }
    const code = answer.statusCode ?? 0;
    if (code >= 200 && code < 300) return answer;
    const text = await wholeText(answer, asking);
    const { kind, message, retryAfterMs } = readFailure(orUndefined(text), { code, retryAfter: retryAfter(answer) });
    throw new KubeError(kind, `${told(asking)}: ${message}`, { retryAfterMs });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #send(access: Access, asking: Asking): Promise<IncomingMessage> {
    const { method, path, body, timeoutMs, signal } = asking;
    const { server, serverName, token } = access;
    const secure = server.protocol === 'https:';
    const options: RequestOptions = {
      method,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port || (secure ? 443 : 80),
      path: `${server.pathname.replace(/\/$/, '')}${path}`,
      agent: secure ? this.#secure : this.#plain,
      headers: {
        accept: 'application/json',
        'user-agent': 'berth',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }),
      },
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    };
    const tls = {
      rejectUnauthorized: !access.insecure,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(access.ca === undefined ? {} : { ca: access.ca }),
      ...(access.certificate === undefined ? {} : { cert: access.certificate }),
      ...(access.key === undefined ? {} : { key: access.key }),
    };
    return new Promise((resolve, reject) => {
      const asked = begun(() =>
        secure ? https.request({ ...options, ...tls }, resolve) : http.request(options, resolve),
      );
      const end = () => asked.destroy(new Error(`no word for ${timeoutMs / 1_000} s`));
      asked.on('timeout', end);
      // the option alone waits twice as long for a server that hangs: to Node, what waits to be sent is a sign of life
      let silence: NodeJS.Timeout | undefined;
      asked.once('socket', () => (silence = setTimeout(end, timeoutMs)));
      for (const word of ['response', 'close']) asked.once(word, () => clearTimeout(silence));
      let answered = false;
      asked.once('response', () => (answered = true));
      asked.on('error', (cause: Error & { readonly code?: string }) => {
        if (answered) return; // an answer that breaks off says so to whoever reads it
        // the server let go of a kept connection in the moment in which we took it: nothing was asked yet, most likely
        if (asked.reusedSocket && cause.code === 'ECONNRESET' && method !== 'POST') resolve(this.#send(access, asking));
        else reject(unreachable(asking, server, cause));
      });
      asked.end(body?.text);
    });
  }
}

/** A certificate or key that is none is thrown at once. */
function begun(request: () => ClientRequest): ClientRequest {
  try {
    return request();
  } catch (cause) {
    throw new KubeError('unusable', `the access to the API server cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** Everything the server answers. */
async function wholeText(answer: IncomingMessage, asking: Asking): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new KubeError('unreachable', `${told(asking)}: the answer broke off: ${messageOf(cause)}`, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Method and path, without the query. */
export function told({ method, path }: Pick<Asking, 'method' | 'path'>): string {
  return `${method} ${path.split('?')[0]}`;
}

function unreachable(asking: Asking, server: URL, cause: Error): KubeError {
  if (asking.signal?.aborted === true) return new KubeError('ended', `${told(asking)}: not wanted any more`, { cause });
  return new KubeError('unreachable', `the API server at ${server.host} does not answer: ${messageOf(cause)}`, {
    cause,
  });
}

function retryAfter({ headers }: IncomingMessage): string | undefined {
  return headers['retry-after'];
}

function orUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What several addresses of one name answered is said once each: Node's AggregateError has no words of its own. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
