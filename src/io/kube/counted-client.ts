import { type KubeClient, KubeError } from './client.ts';

/** What is counted of a client. `outcome`: "ok", or the kind of the KubeError. */
export interface KubeMeter {
  apiCall(verb: string, resource: string, outcome: string): void;
  /** A watch told something, bookmarks included. */
  apiEvent(resource: string): void;
}

/** The same client, each call counted when it has ended. A watch counts when it ends. */
export function countedClient(client: KubeClient, meter: KubeMeter): KubeClient {
  const counted = async <T>(verb: string, { plural }: { readonly plural: string }, asked: Promise<T>): Promise<T> => {
    try {
      const answer = await asked;
      meter.apiCall(verb, plural, 'ok');
      return answer;
    } catch (error) {
      meter.apiCall(verb, plural, error instanceof KubeError ? error.kind : 'defect');
      throw error;
    }
  };
  return {
    list: (of, page) => counted('list', of.resource, client.list(of, page)),
    watch: (of, from, hear, signal) => {
      const { resource } = of;
      const watched = client.watch(
        of,
        from,
        (event) => {
          meter.apiEvent(resource.plural);
          hear(event);
        },
        signal,
      );
      return counted('watch', resource, watched);
    },
    get: (at) => counted('get', at.resource, client.get(at)),
    create: (of, object) => counted('create', of.resource, client.create(of, object)),
    replace: (at, object) => counted('replace', at.resource, client.replace(at, object)),
    patch: (at, kind, patch) => counted('patch', at.resource, client.patch(at, kind, patch)),
    apply: (at, object, as) => counted('apply', at.resource, client.apply(at, object, as)),
    remove: (at, only) => counted('remove', at.resource, client.remove(at, only)),
    close: () => client.close(),
  };
}
