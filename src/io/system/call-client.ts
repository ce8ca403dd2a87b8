import { connect } from 'node:net';
import { type CallFrame, decodeReply, encodeCall, frameLength, type ReplyFrame } from '../../wire/agent/frame.ts';
import { SocketError, socketError } from './socket-error.ts';

/**
 * One CNI call on the agent's socket, as the CNI executable makes it. Throws SocketError; `unknown` when it takes too
 * long or is torn.
 */
export function callAgent(socketPath: string, call: CallFrame, timeoutMs = 5_000): Promise<ReplyFrame> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(socketPath);
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(socketError(`cannot call ${socketPath}`, cause));
    };
    const timer = setTimeout(() => fail(new SocketError('unknown', `no answer from ${socketPath}`)), timeoutMs);
    socket.on('connect', () => socket.write(encodeCall(call)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', fail);
    socket.on('close', () => {
      clearTimeout(timer);
      try {
        const frame = Buffer.concat(chunks);
        if (frameLength(frame) === undefined)
          throw new SocketError('unknown', `${socketPath} hung up without an answer`);
        resolve(decodeReply(frame));
      } catch (cause) {
        fail(cause);
      }
    });
  });
}
