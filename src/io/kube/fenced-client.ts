import { type KubeClient, KubeError } from './client.ts';

/**
 * The same client for whoever may write only while `allowed` says so: asked at the last moment, and refused with
 * `ended` else. Reads are never refused.
 */
export function fencedClient(client: KubeClient, allowed: () => boolean): KubeClient {
  const fenced = async <T>(write: () => Promise<T>): Promise<T> => {
    if (!allowed()) throw new KubeError('ended', 'another replica leads now');
    return write();
  };
  return {
    list: (of, page) => client.list(of, page),
    watch: (of, from, hear, signal) => client.watch(of, from, hear, signal),
    get: (at) => client.get(at),
    create: (of, object) => fenced(() => client.create(of, object)),
    replace: (at, object) => fenced(() => client.replace(at, object)),
    patch: (at, kind, patch) => fenced(() => client.patch(at, kind, patch)),
    apply: (at, object, as) => fenced(() => client.apply(at, object, as)),
    remove: (at, only) => fenced(() => client.remove(at, only)),
    close: () => client.close(),
  };
}
