import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

const LIMIT_MS = 10_000;

/** What a program needs to ask an API server. */
export interface ApiDoor {
  readonly socket: string; // a relay to it
  readonly token: string;
}

/** The API server as an administrator sees it: plain questions with JSON answers. */
export class Api {
  readonly #door: ApiDoor;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(door: ApiDoor) {
    this.#door = door;
  }

  /** Answers the body of a 2xx; throws with the server's own message else. */
  async ask<T>(method: 'GET' | 'PATCH' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const { status, said } = await this.#send(method, path, body);
    if (status < 200 || status >= 300) throw new Error(`${method} ${path}: ${status} ${said.slice(0, 500)}`);
    return (said.startsWith('{') ? JSON.parse(said) : said) as T;
  }

  /** Whether the server says that it is ready. */
  ready(): Promise<boolean> {
    return this.#send('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body?: object): Promise<{ status: number; said: string }> {
    const { socket, token } = this.#door;
    const type = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    // Node sets "host" to "localhost", and would look for that name in a certificate that is not known yet
    const options = { socketPath: socket, path, method, headers, agent: this.#agent, rejectUnauthorized: false };
    return new Promise((resolve, reject) => {
      const call = request({ ...options, timeout: LIMIT_MS }, (answer) => {
        text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, said }), reject);
      });
      call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within ${LIMIT_MS} ms`)));
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
