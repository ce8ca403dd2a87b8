import type { Millis } from '../../src/base/clock.ts';
import type { HostPort } from '../../src/base/host-port.ts';
import type { Random } from '../../src/base/random.ts';
import type { Answering, BrokerServer } from '../../src/apps/controller/broker/broker-doors.ts';
import { ANSWER_MS, type Carrier } from '../../src/io/cloud/remote/carrier.ts';
import type { SimTime } from '../time.ts';
import type { ProcessDoor } from './api-client.ts';
import { Post } from './post.ts';

interface Listening {
  readonly door: ProcessDoor;
  readonly certificate: string;
  answering: Answering | undefined;
}

const WAY_MS: Millis = 8;
const LATE_MS: Millis = 20_000;

/** The network between agents and the replicas of the controller: questions and answers may be lost or late. */
export class BrokerNet extends Post {
  readonly #random: Random;
  readonly #servers = new Map<string, Listening>(); // by address
  /** Share of questions and of answers that are lost; as many are late. */
  lost = 0;
  #keys = 0;

  constructor(of: { time: SimTime; random: Random }) {
    super(of.time);
    this.#random = of.random;
  }

  /** A replica listens, with a certificate of its own, in place of whoever did at that address. */
  listen(host: string, door: ProcessDoor): BrokerServer {
    const at = { host, port: 9_466 };
    const certificate = `certificate ${++this.#keys} of ${door.name}`;
    const here: Listening = { door, certificate, answering: undefined };
    this.#servers.set(textOf(at), here);
    return {
      at,
      first: { keys: { key: '', certificate }, since: door.clock.steady(), before: '' },
      show: () => {},
      answerBy: (it) => (here.answering = it),
      close: () => Promise.resolve(),
    };
  }

  /** Nobody answers there any more. */
  close(host: string): void {
    this.#servers.delete(textOf({ host, port: 9_466 }));
  }

  /** How one agent's questions travel. */
  carrier(door: ProcessDoor): Carrier {
    return {
      post: async (to, token, text) => {
        await door.pause('broker question');
        const answer = await this.#asked(door, { at: textOf(to.at), trusts: to.certificates, token, text });
        await door.pause('broker question answered');
        if (answer instanceof Error) throw answer;
        return answer;
      },
      close: () => {},
    };
  }

  #asked(
    door: ProcessDoor,
    of: { readonly at: string; readonly trusts: string; readonly token: string; readonly text: string },
  ): Promise<string | Error> {
    return new Promise((resolve) => {
      const tell = (outcome: string | Error) => door.awake(() => resolve(outcome));
      const cancel = door.clock.timer(ANSWER_MS, () => resolve(new Error(`no word for ${ANSWER_MS / 1_000} s`)));
      const back = (outcome: string | Error) =>
        this.#travel(() => {
          cancel();
          tell(outcome);
        });
      this.#travel(() => {
        const server = this.#servers.get(of.at);
        if (server === undefined) return back(new Error('connection refused'));
        if (!of.trusts.includes(server.certificate)) return back(new Error('the certificate is another'));
        const request = { body: of.text, authorization: `Bearer ${of.token}` };
        server.door.awake(() => void server.answering?.(request).then(({ body }) => back(String(body))));
      });
    });
  }

  #travel(then: () => void): void {
    const lot = this.#random.fraction();
    if (lot < this.lost) return;
    const late = lot < 2 * this.lost ? this.#random.fraction() * LATE_MS : 0;
    this.send(WAY_MS * (0.5 + this.#random.fraction()) + late, then);
  }
}

function textOf({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
