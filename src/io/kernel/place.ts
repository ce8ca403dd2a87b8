import { Writer } from '../../base/bytes.ts';
import { Channel } from './channel.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { Netns } from './netns.ts';

/** A network namespace with a socket in it. What is asked here happens there. */
export class Place {
  readonly netns: Netns;
  readonly channel: Channel;
  /** One buffer for all requests: nothing of it is kept after sending. */
  readonly writer = new Writer(16_384);

  private constructor(netns: Netns, channel: Channel) {
    this.netns = netns;
    this.channel = channel;
  }

  /** `port` marks what we change in the notifications of others' sockets. Throws KernelError. */
  static open(netns: Netns, port?: number): Place {
    const socket = NetlinkSocket.open({
      protocol: 'route',
      netns,
      strict: true,
      ...(port === undefined ? {} : { port }),
    });
    return new Place(netns, new Channel(socket));
  }

  /** Closes the socket; the namespace is its opener's. */
  close(): void {
    this.channel.socket.close();
  }
}
