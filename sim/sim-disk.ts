import type { Random } from '../src/base/random.ts';
import { type Disk, DiskError, type DiskFile } from '../src/io/store/disk.ts';

/** Bytes that were handed over. `gone`: a sync of them failed, so no later one will make them durable. Never both. */
interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly durable: boolean;
  readonly gone: boolean;
}

/** A file's content: zeros, and what was written over them. A value, so that a clone of the disk costs nothing. */
interface Content {
  readonly length: number;
  readonly writes: readonly Write[];
  readonly durable: boolean; // its length and zeros
}

/** A change of the directory that a power cut may undo. */
type Change =
  | { readonly kind: 'put'; readonly name: string; readonly inode: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string };

/** What a process asks of the disk, as crashes, faults and stories see it. */
export type DiskTouch =
  | {
      readonly verb: 'write';
      readonly name: string;
      readonly inode: number;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly verb: 'create' | 'open' | 'rename' | 'remove' | 'read' | 'sync'; readonly name: string }
  | { readonly verb: 'list' | 'syncDirectory'; readonly name: '' };

/** Where a process can be stopped, or refused, while it touches the disk. */
export interface Touch {
  /** Before something that is done at once. Throws DiskError for what the disk answers instead. */
  now(what: DiskTouch): void;
  /** As long as something takes that takes time. */
  later(what: DiskTouch): Promise<void>;
}

const SECTOR = 512;
const BYTES = new WeakMap<Content, Uint8Array>();

/**
 * A disk that keeps what was written when the process dies, and loses what was not synced when the machine does: each
 * write since the last
 * sync is then there, or not, or torn, and each change of the directory since its last sync is there or not, in their
 * order.
 */
export class SimDisk {
  #contents: Map<number, Content>;
  #names: Map<string, number>;
  readonly #durableNames: Map<string, number>;
  #changes: readonly Change[];
  #inodes: number;

  constructor(from?: SimDisk) {
    this.#contents = new Map(from === undefined ? [] : from.#contents);
    this.#names = new Map(from === undefined ? [] : from.#names);
    this.#durableNames = new Map(from === undefined ? [] : from.#durableNames);
    this.#changes = from === undefined ? [] : from.#changes;
    this.#inodes = from === undefined ? 0 : from.#inodes;
  }

  /** A disk like this one, from now on apart from it. */
  clone(): SimDisk {
    return new SimDisk(this);
  }

  /** The names in its one directory. */
  names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** Whether a power cut would lose nothing now. */
  get allDurable(): boolean {
    if (this.#changes.length > 0) return false;
    return [...this.#names.values()].every((inode) => this.#contents.get(inode)?.writes.every((it) => it.durable));
  }

  /** A process' view of the disk. */
  open(touch: Touch): Disk {
    return {
      list: () => {
        touch.now({ verb: 'list', name: '' });
        return this.names();
      },
      read: (name) => {
        touch.now({ verb: 'read', name });
        const content = this.#contentOf(name);
        return content === undefined ? undefined : bytesOf(content);
      },
      create: (name, bytes) => {
        touch.now({ verb: 'create', name });
        const inode = ++this.#inodes;
        this.#contents.set(inode, { length: bytes, writes: [], durable: false });
        this.#change({ kind: 'put', name, inode });
        return this.#file(name, inode, touch);
      },
      open: (name) => {
        touch.now({ verb: 'open', name });
        return this.#file(name, this.#inodeOf(name), touch);
      },
      rename: (from, to) => {
        touch.now({ verb: 'rename', name: from });
        this.#inodeOf(from);
        this.#change({ kind: 'rename', from, to });
      },
      remove: (name) => {
        touch.now({ verb: 'remove', name });
        this.#change({ kind: 'remove', name });
      },
      syncDirectory: async () => {
        const changes = this.#changes.length;
        await touch.later({ verb: 'syncDirectory', name: '' });
        for (const change of this.#changes.slice(0, changes)) applyTo(this.#durableNames, change);
        this.#changes = this.#changes.slice(changes);
        this.#forgetUnnamed();
      },
    };
  }

  /** A half of a write: the process did not live to see its end. */
  tear({ inode, at, bytes }: DiskTouch & { readonly verb: 'write' }): void {
    this.#write(inode, at, bytes.subarray(0, bytes.length >> 1));
  }

  /** Turns one bit of a file over, for good. `part` in [0, 1) of what is written of it. */
  flip(name: string, part: number): void {
    const content = this.#contentOf(name);
    if (content === undefined) return;
    const bytes = Uint8Array.from(bytesOf(content));
    const bit = Math.floor(part * 8 * (bytes.findLastIndex((byte) => byte !== 0) + 1));
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const whole: Write = { at: 0, bytes, durable: true, gone: false };
    this.#contents.set(this.#inodeOf(name), { ...content, writes: [whole] });
  }

  /** The machine loses its power: what was not synced is there, or is not, or half of it is. */
  powerCut(random: Random): void {
    for (const change of this.#changes) if (random.fraction() < 0.5) applyTo(this.#durableNames, change);
    this.#changes = [];
    this.#names = new Map(this.#durableNames);
    const survivors = new Map<number, Content>();
    for (const inode of this.#names.values()) {
      const content = this.#contents.get(inode);
      if (content !== undefined) survivors.set(inode, afterPowerCut(content, random));
    }
    this.#contents = survivors;
  }

  #inodeOf(name: string): number {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new DiskError('unknown', `${name}: no such file or directory`);
    return inode;
  }

  #contentOf(name: string): Content | undefined {
    const inode = this.#names.get(name);
    return inode === undefined ? undefined : this.#contents.get(inode);
  }

  #file(name: string, inode: number, touch: Touch): DiskFile {
    return {
      bytes: this.#contents.get(inode)?.length ?? 0,
      write: (at, bytes) => {
        touch.now({ verb: 'write', name, inode, at, bytes });
        this.#write(inode, at, bytes);
      },
      sync: async () => {
        const upTo = this.#contents.get(inode)?.writes.length ?? 0;
        try {
          await touch.later({ verb: 'sync', name });
        } catch (cause) {
          this.#mark(inode, upTo, 'gone');
          throw cause;
        }
        this.#mark(inode, upTo, 'durable');
      },
      close: () => {},
    };
  }

  #write(inode: number, at: number, bytes: Uint8Array): void {
    const content = this.#contents.get(inode);
    if (content === undefined) return;
    if (at + bytes.length > content.length) throw new Error('sim disk: written behind the end of a file');
    const write: Write = { at, bytes: Uint8Array.from(bytes), durable: false, gone: false };
    this.#contents.set(inode, { ...content, writes: [...content.writes, write] });
  }

  #mark(inode: number, upTo: number, as: 'durable' | 'gone'): void {
    const content = this.#contents.get(inode);
    if (content === undefined) return;
    const marked = content.writes.map((it, i) => (i < upTo && !it.durable && !it.gone ? { ...it, [as]: true } : it));
    this.#contents.set(inode, { ...content, writes: marked, durable: content.durable || as === 'durable' });
  }

  #change(change: Change): void {
    applyTo(this.#names, change);
    this.#changes = [...this.#changes, change];
  }

  #forgetUnnamed(): void {
    const named = new Set([...this.#names.values(), ...this.#durableNames.values()]);
    for (const change of this.#changes) if (change.kind === 'put') named.add(change.inode);
    for (const inode of this.#contents.keys()) if (!named.has(inode)) this.#contents.delete(inode);
  }
}

function applyTo(names: Map<string, number>, change: Change): void {
  if (change.kind === 'put') names.set(change.name, change.inode);
  if (change.kind === 'remove') names.delete(change.name);
  if (change.kind !== 'rename') return;
  const inode = names.get(change.from);
  if (inode === undefined) return; // the file never came into being
  names.delete(change.from);
  names.set(change.to, inode);
}

/** A content is a value that many copies of a disk share, and so are its bytes: nobody may change them. */
function bytesOf(content: Content): Uint8Array {
  const known = BYTES.get(content);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(content.length);
  for (const write of content.writes) bytes.set(write.bytes, write.at);
  BYTES.set(content, bytes);
  return bytes;
}

function afterPowerCut({ length, writes, durable }: Content, random: Random): Content {
  const kept: Write[] = [];
  for (const write of writes) {
    const part = write.durable ? write.bytes.length : survivingBytes(write.bytes.length, random);
    if (part > 0) kept.push({ ...write, bytes: write.bytes.subarray(0, part), durable: true });
  }
  const there = durable || random.fraction() < 0.5;
  return { length: there ? length : 0, writes: there ? kept : [], durable: true };
}

/** All, nothing, or some whole sectors. */
function survivingBytes(bytes: number, random: Random): number {
  const lot = random.fraction();
  if (lot < 0.4) return 0;
  return lot < 0.7 ? bytes : Math.min(bytes, SECTOR * Math.floor((bytes / SECTOR) * random.fraction()));
}
