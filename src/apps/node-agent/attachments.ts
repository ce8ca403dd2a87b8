import type { AttachmentId, AttachmentRecord, PortMapping } from '../../core/attachment.ts';
import { portConflict, type HeldPort } from '../../core/datapath/ports.ts';
import type { Journal } from '../../io/store/journal.ts';

/**
 * What the agent knows of its attachments: a reading of the journal's memory, with the look-ups that the verbs need.
 */
export class Attachments {
  readonly #journal: Journal;
  readonly #taken = new Set<HeldPort<string>>(); // by ADDs that are not on record yet

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get(id: AttachmentId): AttachmentRecord | undefined {
    return this.#journal.memory().attachments.get(id);
  }

  all(): readonly AttachmentRecord[] {
    return [...this.#journal.memory().attachments.values()];
  }

  /** The attachment whose host end a link is. */
  byHostLink(link: string): AttachmentId | undefined {
    return this.all().find(({ plan }) => plan.some((item) => item.kind === 'veth' && item.host.name === link))?.id;
  }

  /** The least number that no interface of a sandbox has. */
  nextOrdinal(netns: string): number {
    const used = new Set(this.all().flatMap((record) => (record.netns === netns ? [record.ordinal] : [])));
    let ordinal = 0;
    while (used.has(ordinal)) ordinal++;
    return ordinal;
  }

  get count(): number {
    return this.#journal.memory().attachments.size;
  }

  /**
   * Takes ports of the node for an ADD that is under way, until `give` is called; by then the record holds them, or
   * nobody.
   * A conflict with a record or with another ADD answers who holds the port and which it is; nothing is taken then.
   */
  takePorts(ports: readonly PortMapping[], holder: string): { give: () => void } | { held: HeldPort<string> } {
    for (const mapping of ports) {
      const other = portConflict(mapping, [...this.#recorded(), ...this.#taken]);
      if (other !== undefined) return { held: { mapping, holder: other } };
    }
    const mine = ports.map((mapping) => ({ mapping, holder }));
    for (const port of mine) this.#taken.add(port);
    return { give: () => mine.forEach((port) => this.#taken.delete(port)) };
  }

  #recorded(): readonly HeldPort<string>[] {
    return this.all().flatMap((record) => record.ports.map((mapping) => ({ mapping, holder: holderName(record) })));
  }
}

/** "namespace/name" of the pod, else the attachment itself. */
export function holderName(record: Pick<AttachmentRecord, 'pod' | 'id'>): string {
  return record.pod === undefined ? record.id : `${record.pod.namespace}/${record.pod.name}`;
}
