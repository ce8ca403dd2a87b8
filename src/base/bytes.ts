// UTF-8 is part of every JavaScript host (WHATWG Encoding), but not of the language's own library: named here once.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes; what is no UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Bytes that are not what they should be. `offset` counts from the start of the bytes given to the decoder. */
export class DecodeError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

/**
 * Reads integers and runs of bytes one after another, little-endian unless said. Reading past the end throws
 * DecodeError.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u16be(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u32be(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** The next `count` bytes as a view, not a copy. */
  run(count: number): Uint8Array {
    const from = this.#take(count);
    return this.bytes.subarray(from, from + count);
  }

  /** Leaves out `count` bytes. */
  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): number {
    const from = this.#at;
    if (count < 0 || this.left < count) throw new DecodeError(`${count} bytes wanted, ${this.left} left`, from);
    this.#at = from + count;
    return from;
  }
}

/** Writes integers and runs of bytes one after another into one buffer that grows, little-endian unless said. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far, as a view: the next write may change or leave it. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written from `length` on; the buffer is used again. */
  rewind(length = 0): void {
    this.#length = Math.min(length, this.#length);
  }

  u8(value: number): void {
    this.#room(1).setUint8(this.#length - 1, value);
  }

  u16(value: number): void {
    this.#room(2).setUint16(this.#length - 2, value, true);
  }

  u16be(value: number): void {
    this.#room(2).setUint16(this.#length - 2, value);
  }

  u32(value: number): void {
    this.#room(4).setUint32(this.#length - 4, value, true);
  }

  u32be(value: number): void {
    this.#room(4).setUint32(this.#length - 4, value);
  }

  i32(value: number): void {
    this.#room(4).setInt32(this.#length - 4, value, true);
  }

  u64(value: bigint): void {
    this.#room(8).setBigUint64(this.#length - 8, value, true);
  }

  run(bytes: Uint8Array): void {
    const from = this.#grow(bytes.length);
    this.#bytes.set(bytes, from);
  }

  /** The UTF-8 bytes of a text, without a mark of its end. Returns how many they are. */
  text(text: string): number {
    const from = this.#grow(text.length);
    for (let i = 0; i < text.length; i++) {
      const letter = text.charCodeAt(i);
      if (letter > 0x7f) {
        this.#length = from;
        const bytes = utf8(text);
        this.run(bytes);
        return bytes.length;
      }
      this.#bytes[from + i] = letter;
    }
    return text.length;
  }

  zeros(count: number): void {
    const from = this.#grow(count);
    this.#bytes.fill(0, from, from + count);
  }

  /** Zeros up to the next multiple of four. */
  align4(): void {
    const over = this.#length & 3;
    if (over !== 0) this.zeros(4 - over);
  }

  /** Writes over two bytes that are already there: lengths are known last. */
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  /** Writes over four bytes that are already there. */
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** The buffer with `count` more bytes: growing may replace it, so it is looked up after. */
  #room(count: number): DataView {
    this.#grow(count);
    return this.#view;
  }

  #grow(count: number): number {
    const from = this.#length;
    const length = from + count;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = length;
    return from;
  }
}
