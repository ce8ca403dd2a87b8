import type { Millis } from '../../base/clock.ts';
import type { FailureKind } from '../../wire/kube/failure.ts';
import type { KubeObject, Page } from '../../wire/kube/object.ts';
import type { Place, Resource, Selection } from '../../wire/kube/resource.ts';
import type { WatchEvent } from '../../wire/kube/watch.ts';

/**
 * Why the API server was asked in vain. Its own refusals, and: `unreachable`: nobody answered; `garbled`: the answer
 * is none of the API's; `unusable`: we do not know where it is or who we are; `ended`: we did not want to know it any
 * more.
 */
export type KubeErrorKind = FailureKind | 'unreachable' | 'garbled' | 'unusable' | 'ended';

/** The one error of this door. `message` says what was asked and what came of it. */
export class KubeError extends Error {
  readonly kind: KubeErrorKind;
  readonly retryAfterMs: Millis | undefined; // the server's own wish
  constructor(kind: KubeErrorKind, message: string, of: { cause?: unknown; retryAfterMs?: Millis | undefined } = {}) {
    super(message, { cause: of.cause });
    this.name = 'KubeError';
    this.kind = kind;
    this.retryAfterMs = of.retryAfterMs;
  }
}

/** How a list is asked for. */
export interface PageQuestion {
  readonly limit: number; // 0: all at once
  readonly more?: string | undefined; // the page before said so
}

/** From where a watch goes on, and how long the server keeps it. */
export interface WatchQuestion {
  readonly resourceVersion: string;
  readonly seconds: number;
}

/** Which object is meant: that of this uid, in this version. Absent: whatever has the name. */
export interface Condition {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** How a part of an object is changed. `merge`: RFC 7386. `json`: RFC 6902. */
export type PatchKind = 'merge' | 'json' | 'strategic';

/**
 * The API server, seen by one client. Everything throws KubeError and nothing else, within a bounded time. Objects are
 * as they came: whoever keeps one keeps only what it needs.
 */
export interface KubeClient {
  list(of: Selection, page: PageQuestion): Promise<Page>;
  /**
   * Calls back for each event, bookmarks included. Resolves when the server has ended the watch or `signal` was
   * raised; what the watch itself told of as its end is thrown. Nothing is heard after that: an event of an old watch
   * would put back what a newer one has told.
   */
  watch(of: Selection, from: WatchQuestion, hear: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
  get(at: Place): Promise<KubeObject>;
  /** Throws `exists` when there is one of that name. */
  create(of: { readonly resource: Resource; readonly namespace?: string }, object: object): Promise<KubeObject>;
  /** The whole object. With metadata.resourceVersion: throws `conflict` when it is another by now. */
  replace(at: Place, object: object): Promise<KubeObject>;
  patch(at: Place, kind: PatchKind, patch: object): Promise<KubeObject>;
  /** Server-side apply: made if absent. Throws `conflict` when a field has another manager, unless `force`. */
  apply(at: Place, object: object, as: { readonly manager: string; readonly force: boolean }): Promise<KubeObject>;
  /** Absent = success. `only`: where it is still that one, and as it was; throws `conflict` when it is another. */
  remove(at: Place, only?: Condition): Promise<void>;
  close(): void;
}
