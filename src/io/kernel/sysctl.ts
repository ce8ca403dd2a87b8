import { accessSync, constants, readFileSync } from 'node:fs';
import { utf8 } from '../../base/bytes.ts';
import type { HostSysctlKey, SysctlKey } from '../../core/datapath/plan.ts';
import type { LinkMessage } from '../../wire/rtnetlink/link.ts';
import { IPV4_CONF, IPV6_CONF, type Settings } from '../../wire/rtnetlink/link-settings.ts';
import { check } from './kernel-error.ts';
import { close, O_WRONLY, open, remount, write } from './libc.ts';
import type { Netns } from './netns.ts';

const V4: Readonly<Partial<Record<SysctlKey, number>>> = {
  'v4.forwarding': IPV4_CONF.FORWARDING,
  'v4.rp_filter': IPV4_CONF.RP_FILTER,
  'v4.route_localnet': IPV4_CONF.ROUTE_LOCALNET,
};
const V6: Readonly<Partial<Record<SysctlKey, number>>> = {
  'v6.accept_ra': IPV6_CONF.ACCEPT_RA,
  'v6.disable_ipv6': IPV6_CONF.DISABLE_IPV6,
};

/** A setting as netlink takes it: of IPv4 all, of IPv6 one. The others must be written to /proc. */
export function settingOf(key: SysctlKey, value: number): { v4?: Settings; addressMode?: number } | undefined {
  const id = V4[key];
  if (id !== undefined) return { v4: { [id]: value } };
  return key === 'v6.addr_gen_mode' ? { addressMode: value } : undefined;
}

/**
 * The value of a setting, as a link message tells it; undefined when the link has none, e.g. where IPv6 is switched
 * off.
 */
export function settingIn(link: LinkMessage, key: SysctlKey): number | undefined {
  const [v4, v6] = [V4[key], V6[key]];
  if (v4 !== undefined) return link.spec?.inet?.conf?.[v4 - 1];
  if (v6 !== undefined) return link.spec?.inet6?.conf?.[v6];
  return link.spec?.inet6?.addressMode;
}

const SYSCTLS = '/proc/sys';
const MS_REMOUNT_BIND = 0x20 | 0x1000; // linux/mount.h
const MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8;

/**
 * Runtimes show containers a /proc/sys that is read-only. Whoever may enter namespaces may also make it writable: in
 * the container, and nowhere else. Where it is writable nothing is done. Throws KernelError, kind `denied` without
 * CAP_SYS_ADMIN.
 */
export function openSysctls(): void {
  try {
    accessSync(hostPath('net.ipv4.ip_forward'), constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') return;
    check(remount(SYSCTLS, MS_REMOUNT_BIND | MS_NOSUID_NODEV_NOEXEC), `make ${SYSCTLS} writable`);
  }
}

/** Writes a setting of a link. Throws KernelError. */
export function writeSetting(netns: Netns, link: string, key: SysctlKey, value: number): void {
  const [family, word] = key.split('.');
  writeSysctl(netns, `/proc/sys/net/ip${family}/conf/${link}/${word}`, value);
}

/** Writes a setting of a namespace. Throws KernelError. */
export function writeHostSysctl(netns: Netns, key: HostSysctlKey, value: number): void {
  writeSysctl(netns, hostPath(key), value);
}

/** The value of a setting of a namespace; undefined when the kernel has no such. */
export function readHostSysctl(netns: Netns, key: HostSysctlKey): number | undefined {
  return netns.within(() => {
    try {
      return Number(readFileSync(hostPath(key), 'latin1'));
    } catch {
      return undefined;
    }
  });
}

function hostPath(key: HostSysctlKey): string {
  return `/proc/sys/${key.replaceAll('.', '/')}`;
}

/** /proc/sys/net shows the namespace of the thread that opens it. */
function writeSysctl(netns: Netns, path: string, value: number): void {
  netns.within(() => {
    const fd = check(open(path, O_WRONLY), `open ${path}`);
    try {
      check(write(fd, utf8(`${value}\n`)), `write ${value} to ${path}`);
    } finally {
      close(fd);
    }
  });
}
