import { Writer } from '../../base/bytes.ts';
import { Channel } from './channel.ts';
import { type NetlinkOptions, NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';

/** A network namespace with a socket in it. What is asked here happens there. */
export class Place {
  readonly netns: Netns;
  readonly channel: Channel;
  /** Requests are written here: nothing of it is kept after sending. */
  readonly writer: Writer;

  private constructor(options: NetlinkOptions & { readonly netns: Netns }, writer: Writer) {
    this.netns = options.netns;
    this.channel = new Channel(NetlinkSocket.open(options));
    this.writer = writer;
  }

  /** `port` marks what we change in the notifications of others' sockets. Throws KernelError. */
  static open(netns: Netns, port: number): Place {
    return new Place({ protocol: 'route', netns, strict: true, port }, new Writer(16_384));
  }

  /**
   * A place for one call, in which this one stands still: it uses the same buffers. In a pod there is little to dump,
   * so that nothing is gained by letting the kernel filter. Throws KernelError.
   */
  openBeside(netns: Netns, port: number): Place {
    const { buffer } = this.channel.socket;
    return new Place({ protocol: 'route', netns, port, buffer }, this.writer);
  }

  /** Closes the socket; the namespace is its opener's. */
  close(): void {
    this.channel.socket.close();
  }
}
