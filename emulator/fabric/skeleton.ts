import { hostPrefix, prefix } from '../../src/base/ip.ts';
import { API_PORT, API_V4, GATEWAY_LINK, METADATA_PORT, METADATA_V4, METADATA_V6, VOID_LINK } from './numbers.ts';
import type { BaseChain, FabricRule, Piece, PieceOf } from './piece.ts';
import { dropChain, REASONS, toldSet, type Reason } from './reason.ts';
import * as steps from './rule-steps.ts';

// What every VPC's rules have in common. A packet's way:
//   source → mark → (route) → forward: cuts, nowhere, what answers, sends-of-the-NIC → receive: receives-of-the-NIC

const FAMILIES = ['v4', 'v6'] as const;
/** IP_CT_ESTABLISHED and IP_CT_RELATED as nft counts them: linux/netfilter/nf_conntrack_common.h. */
const ANSWERS = 2 | 4;
const LINK_LOCAL = prefix('fe80::/10');
const UNSPECIFIED = ['0.0.0.0/32', '::/128'].map(prefix);

/** Sets and chains of a VPC without what differs. */
export function skeleton(): readonly Piece[] {
  return [...sets(), ...REASONS.flatMap(drop), ...chains()];
}

function sets(): readonly Piece[] {
  const byUs = { kind: 'set', filled: 'by-us' } as const;
  return [
    { ...byUs, name: 'checked', key: ['ifname'] },
    { ...byUs, name: 'primaries', key: ['ifname'] },
    { ...byUs, name: 'marks', key: ['ifname'], data: ['mark'] },
    { ...byUs, name: 'sends', key: ['ifname'], data: 'verdict' },
    { ...byUs, name: 'receives', key: ['ifname'], data: 'verdict' },
    { ...byUs, name: 'public', key: ['ipv4_addr'], data: ['ipv4_addr'] },
    { ...byUs, name: 'private', key: ['ipv4_addr'], data: ['ipv4_addr'] },
    { ...byUs, name: 'nats', key: ['ifname'], data: ['ipv4_addr'] },
    { kind: 'set', filled: 'by-ranges', name: 'ranges-v4', key: ['ipv4_addr'] },
    { kind: 'set', filled: 'by-ranges', name: 'ranges-v6', key: ['ipv6_addr'] },
  ];
}

/** Counts whom it drops and why, then drops. A full set tells no more. */
function drop(reason: Reason): readonly Piece[] {
  const told = FAMILIES.map(
    (family): Piece => ({ kind: 'set', name: toldSet(reason, family), key: steps.toldKey(family), filled: 'by-rules' }),
  );
  const rules = FAMILIES.flatMap((family) =>
    (['tcp', 'udp', 'any'] as const).map((protocol): FabricRule => {
      const isIt = protocol === 'any' ? [] : steps.isProtocol(protocol);
      const count = steps.countIn(toldSet(reason, family), family, protocol !== 'any');
      return rule(`${reason}: tell`, steps.isFamily(family), isIt, count, steps.say({ is: 'drop' }));
    }),
  );
  const drops = rule(`${reason}: drop`, steps.say({ is: 'drop' }));
  return [...told, { kind: 'chain', name: dropChain(reason), rules: [...rules, drops] }];
}

function chains(): readonly PieceOf<'chain'>[] {
  const from = (link: string) => steps.say({ is: 'match', field: 'iifname', op: '==', value: link });
  const to = (link: string) => steps.say({ is: 'match', field: 'oifname', op: '==', value: link });
  const accept = steps.say({ is: 'accept' });
  return [
    base('source', { type: 'filter', hook: 'prerouting', priority: -300 }, [
      rule('neighbours of IPv6', steps.inRange('saddr', LINK_LOCAL), accept),
      ...UNSPECIFIED.map((one) => rule('no address yet', steps.inRange('saddr', one), accept)),
      rule(
        'source check',
        steps.say({ is: 'in', fields: ['iifname'], set: 'checked' }),
        steps.sourceIsElsewhere(),
        steps.goTo(dropChain('source')),
      ),
    ]),
    base('mark', { type: 'filter', hook: 'prerouting', priority: -150 }, [
      rule('the route table of the subnet', steps.markBy('marks')),
    ]),
    base('to-private', { type: 'nat', hook: 'prerouting', priority: -100 }, [
      rule('public to private', from(GATEWAY_LINK), steps.translate('dnat', 'ip daddr', 'private')),
    ]),
    base('to-public', { type: 'nat', hook: 'postrouting', priority: 100 }, [
      rule('private to public', to(GATEWAY_LINK), steps.translate('snat', 'ip saddr', 'public')),
      rule('many to one', steps.translate('snat', 'oifname', 'nats')),
    ]),
    base('input', { type: 'filter', hook: 'input', priority: 0 }, input(accept)),
    base('forward', { type: 'filter', hook: 'forward', priority: 0 }, [
      rule('zones that are cut', steps.say({ is: 'jump', chain: 'cuts' })),
      rule('nowhere to go', to(VOID_LINK), steps.goTo('nowhere')),
      rule('answers', steps.say({ is: 'match-bits', field: 'ct state', mask: ANSWERS, op: '!=', value: 0 }), accept),
      rule('what the sender may', steps.goWhere('iifname', 'sends')),
      rule('from the internet', steps.goTo('receive')),
    ]),
    chain('receive', [
      rule('what the receiver may', steps.goWhere('oifname', 'receives')),
      rule('has a public address', to(GATEWAY_LINK), steps.inSet('saddr', 'v4', 'public'), accept),
      rule('IPv6 is public', to(GATEWAY_LINK), steps.isFamily('v6'), accept),
      rule('has none', to(GATEWAY_LINK), steps.goTo(dropChain('no-public'))),
      rule('NAT gateways', steps.say({ is: 'in', fields: ['oifname'], set: 'nats' }), accept),
      rule('no route', steps.goTo(dropChain('no-route'))),
    ]),
    chain('nowhere', [
      ...FAMILIES.map((family) =>
        rule('in the VPC', steps.inSet('daddr', family, `ranges-${family}`), steps.goTo(dropChain('unheld'))),
      ),
      rule('beyond', steps.goTo(dropChain('no-route'))),
    ]),
  ];
}

/** To the fabric itself: neighbours, and metadata. All else is what a router does not hear: not worth telling. */
function input(accept: ReturnType<typeof steps.say>): readonly FabricRule[] {
  const ask = [...steps.isProtocol('tcp'), ...steps.portsBetween(METADATA_PORT, METADATA_PORT)];
  const hosts = [METADATA_V4, METADATA_V6].map(hostPrefix);
  return [
    rule('its own', steps.say({ is: 'match', field: 'iifname', op: '==', value: 'lo' }), accept),
    ...[133, 134, 135, 136].map((type) =>
      rule('neighbours', steps.isFamily('v6'), steps.isProtocol('icmpv6'), steps.icmpByte(0, type), accept),
    ),
    ...hosts.flatMap((host) => [
      rule(
        'metadata',
        steps.inRange('daddr', host),
        ask,
        steps.say({ is: 'in', fields: ['iifname'], set: 'primaries' }),
        accept,
      ),
      rule('metadata elsewhere', steps.inRange('daddr', host), ask, steps.goTo(dropChain('metadata'))),
    ]),
    rule(
      'the API',
      steps.inRange('daddr', hostPrefix(API_V4)),
      steps.isProtocol('tcp'),
      steps.portsBetween(API_PORT, API_PORT),
      accept,
    ),
    rule('nothing else', steps.say({ is: 'drop' })),
  ];
}

/** A rule of the steps of several phrases. */
export function rule(comment: string, ...phrases: readonly FabricRule['steps'][]): FabricRule {
  return { comment, steps: phrases.flat() };
}

export function chain(name: string, rules: readonly FabricRule[]): PieceOf<'chain'> {
  return { kind: 'chain', name, rules };
}

function base(name: string, where: BaseChain, rules: readonly FabricRule[]): PieceOf<'chain'> {
  return { kind: 'chain', name, base: where, rules };
}
