import { errnoName } from '../../wire/netlink/errno.ts';
import { KernelError, type KernelErrorKind } from './kernel.ts';

const KINDS: Readonly<Record<string, KernelErrorKind>> = {
  EEXIST: 'exists',
  EADDRINUSE: 'exists',
  ENOENT: 'absent',
  ESRCH: 'absent',
  ENODEV: 'absent',
  ENXIO: 'absent',
  EADDRNOTAVAIL: 'absent',
  EPERM: 'denied',
  EACCES: 'denied',
  EROFS: 'denied',
  EBUSY: 'busy',
  EAGAIN: 'busy',
  EINTR: 'busy',
  ENOMEM: 'full',
  ENOSPC: 'full',
  EMFILE: 'full',
  ENFILE: 'full',
  EOPNOTSUPP: 'unsupported',
  EPROTONOSUPPORT: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  ENOPROTOOPT: 'unsupported',
  ENOSYS: 'unsupported',
  EINVAL: 'invalid',
  ERANGE: 'invalid',
  E2BIG: 'invalid',
  ENETUNREACH: 'invalid',
  EHOSTUNREACH: 'invalid',
  ENETDOWN: 'invalid',
  ENOBUFS: 'lost',
};

/**
 * The error of a call or request that failed. `errno` is positive; `doing` is what was tried, "make the veth bth1";
 * `said` the kernel's text.
 */
export function kernelError(errno: number, doing: string, said = ''): KernelError {
  const name = errnoName(errno);
  const words = said === '' ? name : `${name}, ${said}`;
  return new KernelError(KINDS[name] ?? 'unknown', `cannot ${doing}: ${words}`, { errno: name, said });
}

/** The result of a libc call, or, when it is minus an errno, that error thrown. */
export function check(result: number, doing: string): number {
  if (result < 0) throw kernelError(-result, doing);
  return result;
}
