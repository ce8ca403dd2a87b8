import { createInterface } from 'node:readline';
import { connect } from 'node:net';

// A process in a node that asks all pods again and again whether they are there: a closed port of a pod is refused by
// the pod's own kernel, so that nobody need run in it. Begins with a line of addresses on standard input, ends with the
// end of that, and then prints how often it asked and how often nobody answered in time.

const PATIENCE_MS = 700; // a SYN that was lost is sent again after a second: that is too late
const CLOSED_PORT = 9;

let [asked, lost, going] = [0, 0, true];

function ask(host: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: CLOSED_PORT });
    const done = (answered: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      asked++;
      if (!answered) lost++;
      resolve();
    };
    const timer = setTimeout(() => done(false), PATIENCE_MS);
    socket.on('error', ({ code }: NodeJS.ErrnoException) => done(code === 'ECONNREFUSED'));
    socket.on('connect', () => done(true));
  });
}

const input = createInterface(process.stdin);
input.once('line', (line) => {
  void (async () => {
    while (going) for (const host of line.split(' ')) await ask(host);
    console.log(`${asked} ${lost}`);
  })();
});
input.once('close', () => (going = false));
