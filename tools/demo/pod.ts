// What runs inside a demo pod (and in the host outside): a TCP server that tells every caller its own address, and a
// client on demand.
// Speaks JSON lines: in {"ask":"10.77.1.2","port":8080}, out {"ask":…,"saw":"10.77.0.5"} or {"ask":…,"error":"…"}.
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';

const PORT = 8080;
const PATIENCE_MS = 3_000;

/** Connects and answers which source address the other side saw. */
function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let said = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    socket.on('data', (bytes) => {
      said += bytes.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => (said === '' ? reject(new Error('closed without an answer')) : resolve(said)));
  });
}

const server = createServer((socket) => {
  socket.on('error', () => {}); // the caller went away: nothing to tell
  socket.end((socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
});
server.listen(PORT, '::', () => console.log(JSON.stringify({ ready: true })));

createInterface({ input: process.stdin }).on('line', (line) => {
  const { ask: host, port } = JSON.parse(line) as { ask: string; port: number };
  ask(host, port).then(
    (saw) => console.log(JSON.stringify({ ask: host, saw })),
    (error: Error) => console.log(JSON.stringify({ ask: host, error: error.message })),
  );
});
process.stdin.on('end', () => process.exit(0)); // whoever started us is gone
