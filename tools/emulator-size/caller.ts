import { Agent, request } from 'node:http';
import { canonicalRequest } from '../../emulator/dialects/aws/canonical.ts';
import { signature } from '../../emulator/dialects/aws/sigv4.ts';
import { ACCESS_KEY } from '../../emulator/server/start.ts';

const REGION = 'us-east-1';
const TYPE = 'application/x-www-form-urlencoded';

/** A client of the Query API that signs, sends and takes the bytes: what an SDK takes to read them is not measured. */
export class Caller {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  /** The answer, whole. Throws what is no 200. */
  call(action: string, fields: Readonly<Record<string, string | number>> = {}): Promise<string> {
    const all = { Action: action, Version: '2016-11-15', ...fields };
    const pairs = Object.entries(all).map(([name, value]): [string, string] => [name, String(value)]);
    const body = new URLSearchParams(pairs).toString();
    const headers = this.#signed(body);
    return new Promise((resolve, reject) => {
      const asked = request({ port: this.#port, method: 'POST', path: '/', headers, agent: this.#agent }, (said) => {
        let text = '';
        said.setEncoding('utf8').on('data', (part: string) => (text += part));
        said.on('end', () => (said.statusCode === 200 ? resolve(text) : reject(new Error(`${action}: ${text}`))));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #signed(body: string): Record<string, string> {
    const when = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const scope = [when.slice(0, 8), REGION, 'ec2', 'aws4_request'];
    const headers = { 'content-type': TYPE, host: `127.0.0.1:${this.#port}`, 'x-amz-date': when };
    const signed = Object.keys(headers);
    const whole = { method: 'POST', path: '/', query: '', headers, body };
    const canonical = canonicalRequest(whole, { signed });
    const its = signature(ACCESS_KEY.secret, { when, scope, request: canonical });
    const who = `Credential=${ACCESS_KEY.id}/${scope.join('/')}`;
    const authorization = `AWS4-HMAC-SHA256 ${who}, SignedHeaders=${signed.join(';')}, Signature=${its}`;
    return { ...headers, authorization, 'content-length': String(Buffer.byteLength(body)) };
  }
}
