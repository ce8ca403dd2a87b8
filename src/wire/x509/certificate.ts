import { utf8 } from '../../base/bytes.ts';
import { bits, der, explicit, identifier, octets, sequence, setOf, unsigned, yes } from './der.ts';

/** What a certificate says that a server signs for itself. */
export interface Certified {
  readonly serial: Uint8Array; //    by chance; 20 bytes at most
  readonly name: string; //          a name of DNS, its only one
  readonly from: string; //          "20261121170000Z": UTC, by the second
  readonly until: string;
  readonly publicKey: Uint8Array; // SubjectPublicKeyInfo
}

const ECDSA_SHA256 = sequence(identifier('1.2.840.10045.4.3.2')); // RFC 5758, section 3.2
const COMMON_NAME = identifier('2.5.4.3');
const BASIC_CONSTRAINTS = identifier('2.5.29.19');
const KEY_USAGE = identifier('2.5.29.15');
const EXTENDED_KEY_USAGE = identifier('2.5.29.37');
const ALTERNATIVE_NAMES = identifier('2.5.29.17');
const OF_SERVERS = identifier('1.3.6.1.5.5.7.3.1');

/**
 * What is to be signed with ECDSA and SHA-256: a TBSCertificate of version 3 (RFC 5280, section 4.1), which vouches
 * for nobody but its owner.
 */
export function toBeSigned({ serial, name, from, until, publicKey }: Certified): Uint8Array {
  const who = sequence(setOf(sequence(COMMON_NAME, der(0x0c, utf8(name)))));
  return sequence(
    explicit(0, unsigned(Uint8Array.of(2))),
    unsigned(serial),
    ECDSA_SHA256,
    who,
    sequence(time(from), time(until)),
    who,
    publicKey,
    explicit(
      3,
      sequence(
        sequence(BASIC_CONSTRAINTS, yes, octets(sequence())),
        sequence(KEY_USAGE, yes, octets(der(0x03, Uint8Array.of(7, 0x80)))), // digitalSignature
        sequence(EXTENDED_KEY_USAGE, octets(sequence(OF_SERVERS))),
        sequence(ALTERNATIVE_NAMES, octets(sequence(der(0x82, utf8(name))))),
      ),
    ),
  );
}

/** The certificate: what was signed, and its signature as ECDSA makes it. */
export function certificate(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  return sequence(signed, ECDSA_SHA256, bits(signature));
}

/** Years before 2050 have two digits: RFC 5280, section 4.1.2.5. */
function time(text: string): Uint8Array {
  return text < '2050' ? der(0x17, utf8(text.slice(2))) : der(0x18, utf8(text));
}
