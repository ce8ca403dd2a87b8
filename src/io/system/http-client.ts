import { request } from './node-http.ts';
import { socketError } from './socket-error.ts';

export interface SocketQuestion {
  readonly socket: string; //                              path of the unix socket
  readonly ask: string; //                                 method and path: "GET /v1/status"
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown; //                              sent as JSON
  readonly timeoutMs?: number; //                          default 10 s
}

export interface SocketAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks an HTTP server on a unix socket. Throws SocketError: `absent` when nobody listens, `denied`, `unknown` when it
 * takes too long.
 */
export function askSocket({
  socket,
  ask,
  query = {},
  body,
  timeoutMs = 10_000,
}: SocketQuestion): Promise<SocketAnswer> {
  const [method, path] = ask.split(' ');
  const search = new URLSearchParams(query).toString();
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(socketError(`cannot ask ${socket}`, cause));
    const asked = request(
      {
        socketPath: socket,
        method,
        path: search === '' ? path : `${path}?${search}`,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        signal: AbortSignal.timeout(timeoutMs),
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    asked.on('error', fail).end(text);
  });
}
