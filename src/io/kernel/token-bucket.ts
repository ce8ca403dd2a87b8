import type { Item } from '../../core/datapath/plan.ts';
import type { TbfOptions } from '../../wire/rtnetlink/qdisc.ts';

type Tbf = Item & { readonly kind: 'tbf' };

/** How long a packet may wait before the queue is full: the CNI bandwidth plugin's figure. */
const LATENCY_SECONDS = 0.025;
const MOST = 0xffffffff;
/** The kernel counts a burst in ticks of 64 ns: PSCHED_SHIFT, net/pkt_sched.h. */
const TICK_NS = 64;

/** What to ask for. Rates above 2^32 bytes per second have a field of their own. */
export function tbfOptions({ rateBits, burstBits }: Tbf): TbfOptions {
  const rate = Math.floor(rateBits / 8);
  const burst = Math.min(Math.floor(burstBits / 8), MOST);
  const limit = Math.min(Math.ceil(rate * LATENCY_SECONDS) + burst, MOST);
  const details = { rateDetails: new Uint8Array(8), peak: new Uint8Array(12), buffer: 0, mtu: 0 };
  const bucket = { ...details, rate: Math.min(rate, MOST), limit };
  return { bucket, burst, ...(rate >= MOST ? { rate64: BigInt(rate) } : {}) };
}

/**
 * The token bucket the kernel shows. It keeps whole bytes and the burst as time, so the planned figures come back only
 * nearly: when they would become what is shown they are taken as shown.
 */
export function tbfShown(on: Tbf['on'], options: TbfOptions, planned: Tbf | undefined): Tbf {
  const rate = options.rate64 === undefined ? (options.bucket?.rate ?? 0) : Number(options.rate64);
  const ns = (options.bucket?.buffer ?? 0) * TICK_NS;
  const shown: Tbf = { kind: 'tbf', on, rateBits: rate * 8, burstBits: Math.round((ns * rate) / 1e9) * 8 };
  if (planned === undefined || Math.floor(planned.rateBits / 8) !== rate) return shown;
  const expectedNs = (Math.floor(planned.burstBits / 8) * 1e9) / rate;
  return Math.abs(expectedNs - ns) <= 2 * TICK_NS + expectedNs * 1e-6 ? { ...planned, on } : shown;
}
