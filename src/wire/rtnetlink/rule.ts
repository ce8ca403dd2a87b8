import { Reader, type Writer } from '../../base/bytes.ts';
import { address, fields, type Spelled, text, u32, u8 } from '../netlink/fields.ts';

// struct fib_rule_hdr, linux/fib_rules.h: u8 family | u8 length of destination | u8 length of source | u8 TOS | u8
// table | u16 0 | u8 action | u32 flags.

const FIELDS = fields({
  destination: [1, address],
  source: [2, address],
  inName: [3, text],
  outName: [17, text],
  priority: [6, u32],
  mark: [10, u32],
  markMask: [16, u32],
  table32: [15, u32], // all of the table's number
  suppressPrefixLength: [14, u32],
  protocol: [21, u8], // who made it, as with routes
});

/** A rule of policy routing. */
export interface RuleMessage extends Spelled<typeof FIELDS> {
  readonly family: number;
  readonly length: number; // of the destination; 0: any
  readonly sourceLength: number;
  readonly tos: number;
  readonly table: number;
  readonly action: number;
  readonly flags: number;
}

/** FR_ACT_TO_TBL. */
export const TO_TABLE = 1;

/** Writes the body of a rule message. */
export function putRule(writer: Writer, message: RuleMessage): void {
  writer.u8(message.family);
  writer.u8(message.length);
  writer.u8(message.sourceLength);
  writer.u8(message.tos);
  writer.u8(message.table);
  writer.u16(0);
  writer.u8(message.action);
  writer.u32(message.flags);
  FIELDS.put(writer, message);
}

/** The rule message of a body. Throws DecodeError. */
export function takeRule(body: Uint8Array): RuleMessage {
  const reader = new Reader(body);
  const [family, length, sourceLength, tos, table] = [reader.u8(), reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  reader.skip(2);
  const [action, flags] = [reader.u8(), reader.u32()];
  const rest = FIELDS.take(reader.run(reader.left));
  return { family, length, sourceLength, tos, table, action, flags, ...rest };
}
