import { setTimeout as sleep } from 'node:timers/promises';
import { echoReplyId, echoRequest, readSctpInit, sctpInit } from './packets.ts';
import { RawSocket } from './raw-socket.ts';

const IPPROTO = { icmp: { 4: 1, 6: 58 }, sctp: 132 } as const; // IANA, protocol numbers

export interface SeenInit {
  readonly from: string;
  readonly port: number;
  readonly sound: boolean;
}

/** Which of the addresses answer an echo request, asked again every 200 ms until all have or time is up. */
export async function ping(hosts: readonly string[], deadlineMs: number): Promise<readonly string[]> {
  const answered = new Set<string>();
  const sockets = ([4, 6] as const).map((family) => new RawSocket(family, IPPROTO.icmp[family]));
  const end = performance.now() + deadlineMs;
  const id = process.pid & 0xffff;
  try {
    for (let round = 0; performance.now() < end && answered.size < hosts.length; round++) {
      for (const host of hosts.filter((each) => !answered.has(each)))
        sockets.find((each) => each.family === familyOf(host))?.send(host, echoRequest(familyOf(host), id, round));
      const pause = performance.now() + 200;
      while (performance.now() < pause && answered.size < hosts.length) {
        await sleep(2);
        for (const each of sockets)
          for (let packet = each.receive(); packet !== undefined; packet = each.receive())
            if (echoReplyId(each.family, packet.bytes) === id && hosts.includes(packet.from)) answered.add(packet.from);
      }
    }
  } finally {
    for (const each of sockets) each.close();
  }
  return [...answered];
}

/** Sends one hand-made INIT. */
export function sendInit(host: string, port: number, sourcePort: number): boolean {
  const family = familyOf(host);
  const raw = new RawSocket(family, IPPROTO.sctp);
  try {
    return raw.send(host, sctpInit(sourcePort, port));
  } finally {
    raw.close();
  }
}

/** Notes every INIT that arrives, until `stop`. */
export class InitListener {
  readonly seen: SeenInit[] = [];
  readonly #sockets = ([4, 6] as const).map((family) => new RawSocket(family, IPPROTO.sctp));
  readonly #timer = setInterval(() => this.#drain(), 5);

  stop(): void {
    clearInterval(this.#timer);
    for (const each of this.#sockets) each.close();
  }

  #drain(): void {
    for (const each of this.#sockets)
      for (let packet = each.receive(); packet !== undefined; packet = each.receive()) {
        const header = each.family === 4 ? ((packet.bytes[0] ?? 0) & 15) * 4 : 0;
        const init = readSctpInit(packet.bytes.subarray(header));
        if (init !== undefined) this.seen.push({ from: packet.from, port: init.port, sound: init.sound });
      }
  }
}

function familyOf(host: string): 4 | 6 {
  return host.includes(':') ? 6 : 4;
}
