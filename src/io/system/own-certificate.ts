import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { Millis } from '../../base/clock.ts';
import { certificate, toBeSigned } from '../../wire/x509/certificate.ts';

/** What a TLS server shows, and proves to be its own. PEM. */
export interface ServerKeys {
  readonly certificate: string;
  readonly key: string;
}

/** Clocks of those who look at it may be slow by so much. */
const SLACK_MS: Millis = 3_600_000;

/**
 * A new key and a certificate that it signs itself, for one name. Whoever is to trust it must be given the certificate;
 * the key is nowhere but in memory.
 */
export function ownCertificate(of: {
  readonly name: string;
  readonly now: Millis;
  readonly lifeMs: Millis;
}): ServerKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const signed = toBeSigned({
    serial: randomBytes(16),
    name: of.name,
    from: seconds(of.now - SLACK_MS),
    until: seconds(of.now + of.lifeMs + SLACK_MS),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  });
  const whole = certificate(signed, sign('sha256', signed, privateKey));
  const lines =
    Buffer.from(whole)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** "20261121170000Z". */
function seconds(at: Millis): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`;
}
