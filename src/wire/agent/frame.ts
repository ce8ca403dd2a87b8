import { textOf, utf8 } from '../../base/bytes.ts';

// What passes between the CNI executable (native/shim) and the agent over one unix stream connection: one request, one
// reply.
//   request  u32 length of what follows | u8 version 1 | u8 0 | u32 length of env | env: "KEY=value\0" … | stdin
//   reply    u32 length of what follows | u8 version 1 | u8 exit code | stdout
// Integers are little-endian. The spool holds the same request frames, one a file.
//
// While a node is upgraded the two are a version apart, either way, and two where it skips one; what is in the spool
// then comes from so far as well. So an agent reads the frames of two versions before and two behind its own, and
// answers in the version in which it was asked: an executable never meets another one than its own. What a version
// changes must therefore leave its frames readable for those two.

export const FRAME_VERSION = 1;
/** So many versions executable and agent may be apart. */
export const FRAMES_APART = 2;
/** A frame longer than this is refused unread: 1 MiB of configuration is real, 16 MiB is not. */
export const FRAME_LIMIT = 16 * 1024 * 1024;

export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

export interface CallFrame {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
}

/**
 * The length of the whole frame that `bytes` begin, once four bytes are there. Throws FrameError when it is over the
 * limit or too short to be one.
 */
export function frameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (length > FRAME_LIMIT) throw new FrameError(`a frame of ${length} bytes; the limit is ${FRAME_LIMIT}`);
  if (length < 2) throw new FrameError(`a frame of ${length} bytes; the shortest has 2`);
  return 4 + length;
}

/** A whole request frame → the call. Throws FrameError. */
export function decodeCall(frame: Uint8Array): CallFrame {
  if (frameLength(frame) !== frame.length)
    throw new FrameError(`a frame of ${frame.length} bytes says it has ${frameLength(frame) ?? 'no length'}`);
  if (frame.length < 10) throw new FrameError('a request frame has at least 10 bytes');
  if (Math.abs(frameVersion(frame) - FRAME_VERSION) > FRAMES_APART)
    throw new FrameError(
      `frame version ${frame[4]}; this agent speaks ${FRAME_VERSION}, and reads two before and behind it: ` +
        'the CNI executable and the agent are too far apart, install them together',
    );
  const envLength = new DataView(frame.buffer, frame.byteOffset + 6, 4).getUint32(0, true);
  if (10 + envLength > frame.length) throw new FrameError('the environment is longer than the frame');
  const text = textOf(frame.subarray(10, 10 + envLength));
  if (text !== '' && !text.endsWith('\0')) throw new FrameError('the environment does not end with a zero byte');
  return { env: environmentOf(text), stdin: frame.subarray(10 + envLength) };
}

/**
 * Of a name that comes twice the first counts, as for getenv(3) in the CNI executable: both ends must see the same
 * call.
 */
function environmentOf(text: string): Readonly<Record<string, string>> {
  const env = new Map<string, string>();
  for (const pair of text.split('\0')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (equals > 0 && !env.has(name)) env.set(name, pair.slice(equals + 1));
  }
  return Object.fromEntries(env);
}

/** The call as a frame: the opposite of `decodeCall`. Keys and values hold no zero byte. */
export function encodeCall(call: CallFrame): Uint8Array {
  const env = utf8(
    Object.entries(call.env)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );
  const frame = new Uint8Array(10 + env.length + call.stdin.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length - 4, true);
  frame[4] = FRAME_VERSION;
  view.setUint32(6, env.length, true);
  frame.set(env, 10);
  frame.set(call.stdin, 10 + env.length);
  return frame;
}

export interface ReplyFrame {
  readonly exitCode: number; // 0 to 255
  readonly stdout: string;
}

/** The version in which a frame of five bytes or more is written. */
export function frameVersion(frame: Uint8Array): number {
  return frame[4] ?? 0;
}

/** The reply as a frame, in the version of the request. */
export function encodeReply(reply: ReplyFrame, version: number = FRAME_VERSION): Uint8Array {
  const stdout = utf8(reply.stdout);
  const frame = new Uint8Array(6 + stdout.length);
  new DataView(frame.buffer).setUint32(0, frame.length - 4, true);
  frame[4] = version;
  frame[5] = reply.exitCode;
  frame.set(stdout, 6);
  return frame;
}

/** A whole reply frame → the reply. Throws FrameError. */
export function decodeReply(frame: Uint8Array): ReplyFrame {
  if (frameLength(frame) !== frame.length || frame[4] !== FRAME_VERSION)
    throw new FrameError('not a whole reply frame of our version');
  return { exitCode: frame[5] ?? 0, stdout: textOf(frame.subarray(6)) };
}
