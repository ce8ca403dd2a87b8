import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { ownCertificate } from './own-certificate.ts';

const NOW = Date.UTC(2026, 10, 21, 17);
const DAY = 86_400_000;

test('a certificate of our own is read by others: its name, its time, its use, and that it signed itself', () => {
  const { certificate, key } = ownCertificate({ name: 'berth-controller', now: NOW, lifeMs: DAY });
  const read = new X509Certificate(certificate);
  expect(read.subject).toBe('CN=berth-controller');
  expect(read.subjectAltName).toBe('DNS:berth-controller');
  expect(read.checkHost('berth-controller')).toBe('berth-controller');
  expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([NOW - 3_600_000, NOW + DAY + 3_600_000]);
  expect([read.ca, read.verify(read.publicKey)]).toEqual([false, true]);
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(key).toContain('PRIVATE KEY');
});

test('no two have a key or a number in common', () => {
  const read = () => new X509Certificate(ownCertificate({ name: 'x', now: NOW, lifeMs: DAY }).certificate);
  const [a, b] = [read(), read()];
  expect(a.serialNumber).not.toBe(b.serialNumber);
  expect(a.verify(b.publicKey)).toBe(false);
});

test('one that ends after 2049 is read as well', () => {
  const { certificate } = ownCertificate({ name: 'x', now: Date.UTC(2055, 0, 1), lifeMs: DAY });
  expect(Date.parse(new X509Certificate(certificate).validTo)).toBe(Date.UTC(2055, 0, 2, 1));
});
