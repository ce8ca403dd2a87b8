import { type Mac, mac } from '../../src/base/mac.ts';
import type { Random } from '../../src/base/random.ts';
import type { Id, Kind } from './nouns.ts';
import type { CloudRules } from './rules.ts';

/** A new id of a kind. As long as the dialect's ids are, two that are equal are not to be feared. */
export function newId(rules: CloudRules, kind: Kind, random: Random): Id {
  const { prefix, letters, alphabet } = rules.ids[kind];
  let text = prefix;
  for (let i = 0; i < letters; i++) text += alphabet[Math.floor(random.fraction() * alphabet.length)];
  return text as Id;
}

/** A new MAC that begins as the rules say. */
export function newMac(rules: CloudRules, random: Random): Mac {
  const bytes = (rules.macStart ?? '0a').split(':');
  while (bytes.length < 6) {
    const byte = Math.floor(random.fraction() * 256);
    bytes.push(byte.toString(16).padStart(2, '0'));
  }
  return mac(bytes.join(':'));
}
