import type { Chain, Field, NftSet, Rule, Ruleset, Statement } from './ruleset.ts';

/**
 * A ruleset as a file for `nft -f`, without elements: for `explain`, and for whoever wants to read what the bytes
 * mean.
 */
export function rulesetText(ruleset: Ruleset): string {
  const parts = [...ruleset.sets.map(setText), ...ruleset.chains.map(chainText)];
  return `table inet ${ruleset.table} {\n${parts.join('\n')}}\n`;
}

const PORTS = { kept: '', hashed: ' random', random: ' fully-random' } as const;

/** A rule as nft writes it. */
export function ruleText(rule: Rule): string {
  return `${rule.statements.map(statementText).join(' ')} comment "${rule.comment}"`;
}

function setText(set: NftSet): string {
  const data = set.data === undefined ? '' : ` : ${set.data.join(' . ')}`;
  const flags = set.interval ? '    flags interval;\n' : '';
  return `  ${set.data === undefined ? 'set' : 'map'} ${set.name} {\n    type ${set.key.join(' . ')}${data};\n${flags}  }\n`;
}

function chainText({ name, base, rules }: Chain): string {
  const head =
    base === undefined ? '' : `    type ${base.type} hook ${base.hook} priority ${base.priority}; policy accept;\n`;
  return `  chain ${name} {\n${head}${rules.map((rule) => `    ${ruleText(rule)}\n`).join('')}  }\n`;
}

function statementText(statement: Statement): string {
  switch (statement.is) {
    case 'match':
      return `${statement.field} ${operator(statement.op)}${literal(statement.field, statement.value)}`;
    case 'match-bits':
      return `${statement.field} & ${statement.mask} ${statement.op} ${statement.value}`;
    case 'in':
      return `${statement.fields.join(' . ')} ${statement.not ? '!= ' : ''}@${statement.set}`;
    case 'dnat-map': {
      const family = statement.family === 'v4' ? 'ip' : 'ip6';
      return `dnat ${family} to ${statement.fields.join(' . ')} map @${statement.map}`;
    }
    case 'masquerade':
      return `masquerade${PORTS[statement.ports]}`;
    case 'set-mark':
      return `${statement.which} mark set ${statement.which} mark & ${~statement.mask >>> 0} ^ ${statement.value}`;
    case 'map-mark':
      return `${statement.which} mark set ${statement.fields.join(' . ')} map @${statement.map}`;
    case 'jump':
      return `jump ${statement.chain}`;
    default:
      return statement.is;
  }
}

function operator(op: '==' | '!='): string {
  return op === '==' ? '' : '!= ';
}

/** Names of links are quoted: they may be patterns. */
function literal(field: Field, value: string | number): string {
  return field === 'iifname' || field === 'oifname' ? `"${value}"` : `${value}`;
}
