import type { Clock, Millis } from '../../src/base/clock.ts';
import { type KubeClient, KubeError } from '../../src/io/kube/client.ts';
import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import type { KubeObject } from '../../src/wire/kube/object.ts';
import type { Resource } from '../../src/wire/kube/resource.ts';
import { TOKEN_REVIEWS } from '../../src/wire/kube/token-review.ts';
import { reviewed } from './tokens.ts';
import type { Asked, SimApi } from './sim-api.ts';

/** One process, as it stands to others. */
export interface ProcessDoor {
  readonly name: string;
  readonly clock: Clock;
  /** Where the process can be stopped, or overtaken. Never resolves when it ended. */
  readonly pause: (what: string) => Promise<void> | undefined;
  /** Does it now, or when the process goes on; not at all when it ended. */
  readonly awake: (then: () => void) => void;
  /** Told when the API server did not answer, or not what was asked. */
  readonly unheard?: () => void;
}

/** As the real one's: so long a call waits for its answer. */
const CALL_MS: Millis = 15_000;
const WRITES: ReadonlySet<string> = new Set(['create', 'replace', 'patch', 'apply', 'remove']);

/** The API server, as one process reaches it. */
export function apiClient(api: SimApi, door: ProcessDoor): KubeClient {
  const ask = async <T>(what: string, deed: (store: ApiStore) => T): Promise<T> => {
    await door.pause(`api ${what}`);
    const outcome = await sent(api, door, { deed, writes: WRITES.has(what.split(' ')[0] ?? '') });
    await door.pause(`api ${what} answered`);
    if (outcome instanceof KubeError) {
      if (outcome.kind !== 'absent' && outcome.kind !== 'conflict') door.unheard?.();
      throw outcome;
    }
    return outcome as T;
  };
  return {
    list: (of, page) => ask(`list ${of.resource.plural}`, (store) => store.list(of, page)),
    get: (at) => ask(`get ${at.resource.plural}`, (store) => store.get(at)),
    create: (of, it) => ask(`create ${of.resource.plural}`, (store) => created(store, of, it)),
    replace: (at, it) => ask(`replace ${at.resource.plural}`, (store) => store.replace(at, it)),
    patch: (at, kind, it) => ask(`patch ${at.resource.plural}`, (store) => store.patch(at, kind, it)),
    apply: (at, it, as) => ask(`apply ${at.resource.plural}`, (store) => store.apply(at, it, as)),
    remove: (at, only) => ask(`remove ${at.resource.plural}`, (store) => store.remove(at, only)),
    watch: async (select, from, hear, signal) => {
      let [stop, cancel, over] = [() => {}, () => {}, false];
      const since = from.resourceVersion;
      const ended = new Promise<void>((resolve, reject) => {
        const end = (error: KubeError | undefined) => (error === undefined ? resolve() : reject(error));
        const ear = {
          tell: (event: Parameters<typeof hear>[0]) => door.awake(() => over || hear(event)),
          end: (error: KubeError | undefined) => door.awake(() => end(error)),
        };
        signal.addEventListener('abort', () => resolve(), { once: true });
        cancel = door.clock.timer(from.seconds * 1_000, () => resolve());
        // a watch begins where it is asked for: what is told before the answer arrives is told after it
        ask(`watch ${select.resource.plural}`, () => {
          // who asked has hung up by now: the server finds a connection that is closed
          if (!over) stop = api.watch(door.name, { select, since }, ear);
        }).catch(reject);
      });
      await ended.finally(() => {
        over = true;
        cancel();
        stop();
      });
    },
    close: () => {},
  };
}

function created(
  store: ApiStore,
  of: { readonly resource: Resource; readonly namespace?: string },
  it: object,
): KubeObject {
  return of.resource === TOKEN_REVIEWS ? reviewed(it) : store.create(of, it);
}

/** What came back in time. */
function sent(api: SimApi, { name, clock, awake }: ProcessDoor, asked: Asked): Promise<unknown> {
  return new Promise((resolve) => {
    const late = new KubeError('unreachable', `no word for ${CALL_MS / 1_000} s`);
    const cancel = clock.timer(CALL_MS, () => resolve(late));
    api.send(name, asked, (outcome) =>
      awake(() => {
        cancel();
        resolve(outcome);
      }),
    );
  });
}
