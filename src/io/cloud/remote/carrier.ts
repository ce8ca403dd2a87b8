import type { IncomingMessage } from 'node:http';
import type { Millis } from '../../../base/clock.ts';
import { type Beacon, CONTROLLER_NAME } from '../../../wire/broker/beacon.ts';
import { MessageError } from '../../../wire/broker/field.ts';
import { QUESTIONS_PATH } from '../../../wire/broker/question.ts';

// node:https without its face for ES modules: docs/decisions/libraries.md
const https = process.getBuiltinModule('node:https');

/** A controller answers within 5 s, if only that it is at it. One that hangs is replaced by another meanwhile. */
export const ANSWER_MS: Millis = 8_000;
/** As many as the controller takes of a node: a question holds its connection until it is answered. */
const MOST_AT_ONCE = 64;
const MOST_BYTES = 4 * 1024 * 1024;

/** What brings a question to a controller, and its answer back. The simulator has its own. */
export interface Carrier {
  /** Throws when there is no answer, whether or not the question arrived. */
  post(to: Beacon, token: string, text: string): Promise<string>;
  close(): void;
}

/** Over HTTPS, to whoever has one of the certificates and nobody else. */
export function httpsCarrier(): Carrier {
  const agent = new https.Agent({ keepAlive: true, maxSockets: MOST_AT_ONCE, maxFreeSockets: 2 });
  const post: Carrier['post'] = ({ at, certificates }, token, text) =>
    new Promise((resolve, reject) => {
      const options = {
        ...{ method: 'POST', hostname: at.host, port: at.port, path: QUESTIONS_PATH, agent },
        ...{ servername: CONTROLLER_NAME, ca: certificates },
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          authorization: `Bearer ${token}`,
        },
      };
      const asked = https.request(options, (answer) => void wholeText(answer).then(resolve, reject));
      // the option `timeout` waits twice as long for one that hangs: what waits to be sent is a sign of life to it
      let silence: NodeJS.Timeout | undefined;
      const end = () => asked.destroy(new Error(`no word for ${ANSWER_MS / 1_000} s`));
      asked.once('socket', () => (silence = setTimeout(end, ANSWER_MS)));
      asked.once('close', () => clearTimeout(silence));
      asked.on('error', reject);
      asked.end(text);
    });
  return { post, close: () => agent.destroy() };
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new MessageError(`an answer of more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
