import type { AttachmentId, AttachmentRecord, PortMapping } from '../../core/attachment.ts';
import { type HeldPort, portConflict } from '../../core/datapath/ports.ts';
import type { MemoryRecord } from '../../core/memory/record.ts';
import type { Journal } from '../../io/store/journal.ts';

/**
 * What the agent knows of its attachments: the journal's memory, and an index of the look-ups that every ADD and every
 * notification make. Claims and releases go to the journal through here, so that the index follows.
 */
export class Attachments {
  readonly #journal: Journal;
  readonly #bySandbox = new Map<string, Set<AttachmentId>>();
  readonly #byHostLink = new Map<string, AttachmentId>();
  readonly #byPort = new Map<string, Set<AttachmentId>>();
  readonly #taken = new Set<HeldPort<string>>(); // by ADDs that are not on record yet

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.memory().attachments.values()) this.#index(record);
  }

  /** Puts claims and releases on record. Throws JournalError: then nothing has changed. */
  async remember(records: readonly MemoryRecord[]): Promise<void> {
    const before = this.#journal.memory().attachments;
    await this.#journal.append(records);
    for (const record of records) {
      if (record.kind !== 'claim' && record.kind !== 'release') continue;
      const old = before.get(record.kind === 'claim' ? record.attachment.id : record.id);
      if (old !== undefined) this.#unindex(old);
      if (record.kind === 'claim') this.#index(record.attachment);
    }
  }

  get(id: AttachmentId): AttachmentRecord | undefined {
    return this.#journal.memory().attachments.get(id);
  }

  all(): readonly AttachmentRecord[] {
    return [...this.#journal.memory().attachments.values()];
  }

  /** The attachment whose host end a link is. */
  byHostLink(link: string): AttachmentId | undefined {
    return this.#byHostLink.get(link);
  }

  /** The least number that no interface of a sandbox has. */
  nextOrdinal(netns: string): number {
    const used = new Set(this.#records(this.#bySandbox.get(netns)).map((record) => record.ordinal));
    let ordinal = 0;
    while (used.has(ordinal)) ordinal++;
    return ordinal;
  }

  get count(): number {
    return this.#journal.memory().attachments.size;
  }

  /**
   * Takes ports of the node for an ADD that is under way, until `give` is called; by then the record holds them, or
   * nobody. A conflict with a record or with another ADD answers who holds the port and which it is; nothing is taken
   * then.
   */
  takePorts(ports: readonly PortMapping[], holder: string): { give: () => void } | { held: HeldPort<string> } {
    for (const mapping of ports) {
      const other = portConflict(mapping, [...this.#recorded(mapping), ...this.#taken]);
      if (other !== undefined) return { held: { mapping, holder: other } };
    }
    const mine = ports.map((mapping) => ({ mapping, holder }));
    for (const port of mine) this.#taken.add(port);
    return { give: () => mine.forEach((port) => this.#taken.delete(port)) };
  }

  #recorded(wanted: PortMapping): readonly HeldPort<string>[] {
    return this.#records(this.#byPort.get(portKey(wanted))).flatMap((record) =>
      record.ports.map((mapping) => ({ mapping, holder: holderName(record) })),
    );
  }

  #records(ids: ReadonlySet<AttachmentId> = new Set()): readonly AttachmentRecord[] {
    return [...ids].flatMap((id) => this.get(id) ?? []);
  }

  #index(record: AttachmentRecord): void {
    addTo(this.#bySandbox, record.netns, record.id);
    for (const port of record.ports) addTo(this.#byPort, portKey(port), record.id);
    for (const link of hostLinksOf(record)) this.#byHostLink.set(link, record.id);
  }

  #unindex(record: AttachmentRecord): void {
    takeFrom(this.#bySandbox, record.netns, record.id);
    for (const port of record.ports) takeFrom(this.#byPort, portKey(port), record.id);
    for (const link of hostLinksOf(record)) this.#byHostLink.delete(link);
  }
}

/** "namespace/name" of the pod, else the attachment itself. */
export function holderName(record: Pick<AttachmentRecord, 'pod' | 'id'>): string {
  return record.pod === undefined ? record.id : `${record.pod.namespace}/${record.pod.name}`;
}

function hostLinksOf({ plan }: AttachmentRecord): readonly string[] {
  return plan.flatMap((item) => (item.kind === 'veth' ? [item.host.name] : []));
}

function portKey({ protocol, hostPort }: PortMapping): string {
  return `${protocol} ${hostPort}`;
}

function addTo(index: Map<string, Set<AttachmentId>>, key: string, id: AttachmentId): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}

function takeFrom(index: Map<string, Set<AttachmentId>>, key: string, id: AttachmentId): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
