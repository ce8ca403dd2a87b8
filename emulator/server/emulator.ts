import type { Server } from 'node:http';
import type { Logger } from '../../src/base/log.ts';
import { metadataOf } from '../cloud/metadata.ts';
import type { Id } from '../cloud/nouns.ts';
import { answerQuery, type Door } from '../dialects/aws/endpoint.ts';
import { type Ask, answerMetadata, type Told } from '../dialects/aws/imds/service.ts';
import { Keyring } from '../dialects/aws/keyring.ts';
import type { Place } from '../dialects/aws/place.ts';
import type { Key } from '../dialects/aws/sigv4.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { Calls } from './calls.ts';
import { httpServer } from './http.ts';
import { ended, listenOn } from './listen.ts';
import { Shown } from './shown.ts';
import { requestId, type World } from './world.ts';

export interface EmulatorOptions {
  readonly world: World;
  readonly place: Place;
  readonly keys: readonly Key[]; // who may call the API; roles of instances may, too
  readonly seal: string; //         the secret of tokens and of roles' credentials
  readonly log: Logger;
}

/** A cloud of AWS with its faces: the API, metadata, and packets. They come as they are asked for. */
export class Emulator {
  readonly world: World;
  readonly calls = new Calls();
  readonly #options: EmulatorOptions;
  readonly #door: Door;
  readonly #servers: Server[] = [];
  #shown: Shown | undefined;

  constructor(options: EmulatorOptions) {
    const { world, place, keys, seal } = options;
    this.world = world;
    this.#options = options;
    this.#door = {
      place,
      keyring: new Keyring(keys, seal),
      now: () => world.now(),
      cloud: () => world.cloud,
      step: (call) => world.step(call),
      requestId,
    };
  }

  get fabric(): Fabric | undefined {
    return this.#shown?.fabric;
  }

  /** From now on this key is known by its id, and no other one. */
  replaceKey(key: Key): void {
    this.#door.keyring.put(key);
  }

  /** Serves the API at an address of this machine. Answers the port. */
  async serveApi(host: string, port: number): Promise<number> {
    const server = this.#apiServer();
    const got = await listenOn(server, host, port);
    this.#servers.push(server);
    return got;
  }

  /** Serves metadata for tools: behind the id or name of an instance, "/i-0123…/latest/meta-data/". */
  async serveMetadata(host: string, port: number): Promise<number> {
    const server = httpServer({
      bodyLimit: 64 * 1024,
      failed: (err) => this.#failed(err),
      answer: (request) => {
        const [, name = '', rest = ''] = /^\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
        const instance = this.instanceCalled(decodeURIComponent(name));
        if (instance === undefined) return { status: 404, headers: {}, body: `there is no instance ${name}\n` };
        const path = request.query === '' ? rest : `${rest}?${request.query}`;
        return this.metadata(instance, { ...request, path });
      },
    });
    const got = await listenOn(server, host, port);
    this.#servers.push(server);
    return got;
  }

  /**
   * Makes packets of it. Instances get machines, and the API two addresses: `API_V4` of the fabric inside each VPC, and
   * the internet's host. Throws FabricError.
   */
  async show(): Promise<void> {
    const server = this.#apiServer();
    this.#shown = await Shown.open(this.world, {
      metadata: (instance, ask) => this.metadata(instance, ask),
      api: (socket) => server.emit('connection', socket),
      log: this.#options.log,
    });
    this.#shown.listenInInternet(server, API_PORT);
    this.#servers.push(server);
  }

  /** Waits until packets go as the state says that is now. */
  async settled(): Promise<void> {
    await this.#shown?.settled();
  }

  /** The answer that an instance's metadata gives. */
  metadata(instance: Id, ask: Ask): Told {
    const { world } = this;
    const now = world.now();
    const { place, keyring } = this.#door;
    const metadata = (id: Id) => metadataOf(world.cloud, id, now);
    return answerMetadata(instance, ask, { place, keyring, now, metadata, seal: this.#options.seal });
  }

  /** The instance that is called so: by its id, or its Name while it lives. */
  instanceCalled(name: string): Id | undefined {
    const { instances } = this.world.cloud;
    if (instances.has(name as Id)) return name as Id;
    for (const { id, tags, state } of instances.values())
      if (tags['Name'] === name && state !== 'terminated') return id;
    return undefined;
  }

  /** Ends servers, machines and time. */
  async close(): Promise<void> {
    this.world.close();
    await Promise.all(this.#servers.map((server) => ended(server)));
    await this.#shown?.close();
  }

  #apiServer(): Server {
    return httpServer({
      bodyLimit: 1024 * 1024,
      failed: (err) => this.#failed(err),
      answer: (request) => {
        const said = answerQuery(request, this.#door);
        this.calls.count(said);
        const date = new Date(this.world.now()).toUTCString(); // clients learn from it how much their clock is off
        return { ...said, headers: { ...said.headers, date } };
      },
    });
  }

  #failed(err: unknown): void {
    this.#options.log.error('a request failed', { err });
  }
}

/** In the internet the API answers without TLS, as it does here. */
export const API_PORT = 80;
