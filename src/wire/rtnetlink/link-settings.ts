import { Reader, type Writer } from '../../base/bytes.ts';
import { putU32, readAttributes, u32Of } from '../netlink/attribute.ts';
import { putNest } from '../netlink/attribute.ts';
import { type Codec, fields, nest, text, u8 } from '../netlink/fields.ts';

// RTM_SETLINK with IFLA_AF_SPEC: settings of net.ipv4.conf.<link> and net.ipv6.conf.<link> without /proc. What is
// asked is spelled otherwise than what link messages answer: pairs of number and value instead of an array.

/** Setting number → value. */
export type Settings = Readonly<Record<number, number>>;

const pairs: Codec<Settings> = {
  put: (writer, type, value) =>
    putNest(writer, type, () => {
      for (const [id, setting] of Object.entries(value)) putU32(writer, Number(id), setting);
    }),
  take: ({ value }) => Object.fromEntries(readAttributes(value).map((one) => [one.type, u32Of(one)])),
};

const INET = fields({ conf: [1, pairs] });
const INET6 = fields({ addressMode: [8, u8] }); // IFLA_INET6_ADDR_GEN_MODE: the only one of IPv6 that can be set so
const FIELDS = fields({
  alias: [20, text],
  spec: [26, nest(fields({ inet: [2, nest(INET)], inet6: [10, nest(INET6)] }))],
});

export interface LinkSettings {
  readonly index: number;
  readonly alias?: string;
  readonly v4?: Settings; // by IPV4_DEVCONF
  readonly addressMode?: number; // IN6_ADDR_GEN_MODE_*: 0 EUI-64, 1 none
}

/** IPV4_DEVCONF_*: linux/ip.h. */
export const IPV4_CONF = { FORWARDING: 1, RP_FILTER: 8, ROUTE_LOCALNET: 26 } as const;
/** DEVCONF_*: linux/ipv6.h, places in the array of a link message. */
export const IPV6_CONF = { FORWARDING: 0, ACCEPT_RA: 3, DISABLE_IPV6: 26 } as const;

/** Writes the body of a link message that only sets. */
export function putSettings(writer: Writer, { index, alias, v4, addressMode }: LinkSettings): void {
  writer.u32(0);
  writer.i32(index);
  writer.u32(0);
  writer.u32(0);
  const inet = v4 === undefined ? {} : { inet: { conf: v4 } };
  const inet6 = addressMode === undefined ? {} : { inet6: { addressMode } };
  const spec = v4 === undefined && addressMode === undefined ? {} : { spec: { ...inet, ...inet6 } };
  FIELDS.put(writer, { ...(alias === undefined ? {} : { alias }), ...spec });
}

/** The settings of such a body. Throws DecodeError. */
export function takeSettings(body: Uint8Array): LinkSettings {
  const reader = new Reader(body);
  reader.skip(4);
  const index = reader.i32();
  reader.skip(8);
  const { alias, spec } = FIELDS.take(reader.run(reader.left));
  const [v4, addressMode] = [spec?.inet?.conf, spec?.inet6?.addressMode];
  return {
    index,
    ...(alias === undefined ? {} : { alias }),
    ...(v4 === undefined ? {} : { v4 }),
    ...(addressMode === undefined ? {} : { addressMode }),
  };
}
