import { expect, test } from 'vitest';
import { imageNames } from './images.ts';

const list = (id: string, dns: string) => `
	configs[AgnhostPrev] = Config{list.PromoterE2eRegistry, "agnhost", "2.55"}
	configs[Agnhost] = Config{list.PromoterE2eRegistry, "agnhost", "2.63.0"}
	configs[BusyBox] = Config{list.PromoterE2eRegistry, "busybox", "1.37.0-1"}
	configs[${id}] = Config{list.PromoterE2eRegistry, "${dns}", "2.0.0"}
	// Pause image
	configs[Pause] = Config{list.GcRegistry, "pause", "3.10.2"}
`;

test.for([
  ['JessieDnsutils', 'jessie-dnsutils'],
  ['GlibcDnsTesting', 'glibc-dns-testing'],
] as const)('images have the names of the suite’s own list: %s', ([id, dns]) => {
  expect(imageNames(list(id, dns))).toEqual({
    agnhost: 'registry.k8s.io/e2e-test-images/agnhost:2.63.0',
    busybox: 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1',
    dnsutils: `registry.k8s.io/e2e-test-images/${dns}:2.0.0`,
    pause: 'registry.k8s.io/pause:3.10.2',
  });
});

test('a list without one of them says which', () => {
  expect(() => imageNames('')).toThrow('no Agnhost');
});
