export interface HostPort {
  readonly host: string; // an IPv6 address stands here without its brackets
  readonly port: number;
}

/** Parses "127.0.0.1:9464", "[::1]:9464" or "localhost:9464". Throws RangeError. */
export function hostPort(text: string): HostPort {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) throw new RangeError(`not a host and port: ${text}`);
  return { host: found[1] ?? found[2] ?? '', port };
}
