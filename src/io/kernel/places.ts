import type { LinkRef } from '../../core/datapath/plan.ts';
import { KernelError } from './kernel.ts';
import { Netns } from './netns.ts';
import type { Place } from './place.ts';

/**
 * The namespaces of one call: the host's, and the pod's, which is opened when it is first asked for. Close it after
 * the call.
 */
export class Places {
  readonly host: Place;
  readonly #sandbox: string | undefined;
  readonly #port: number;
  #pod: Place | undefined;
  #failure: KernelError | undefined;

  /** `sandbox` is the path of the pod's namespace, when the call has one; `port` that of our sockets. */
  constructor(host: Place, sandbox: string | undefined, port: number) {
    this.host = host;
    this.#sandbox = sandbox;
    this.#port = port;
  }

  /** Undefined when there is no sandbox, or it is gone, or it cannot be entered. */
  get pod(): Place | undefined {
    if (this.#pod !== undefined || this.#sandbox === undefined || this.#failure !== undefined) return this.#pod;
    let netns: Netns | undefined;
    try {
      netns = Netns.open(this.#sandbox);
      this.#pod = this.host.openBeside(netns, this.#port);
    } catch (error) {
      netns?.close();
      if (!(error instanceof KernelError)) throw error;
      this.#failure = error;
    }
    return this.#pod;
  }

  /** The place of a namespace. Throws KernelError: why the pod's cannot be had. */
  of(netns: LinkRef['netns']): Place {
    const place = netns === 'host' ? this.host : this.pod;
    if (place === undefined) throw this.#failure ?? new KernelError('absent', 'the pod has no sandbox');
    return place;
  }

  /** Closes what it opened: not the host's. */
  close(): void {
    this.#pod?.close();
    this.#pod?.netns.close();
    this.#pod = undefined;
  }
}
