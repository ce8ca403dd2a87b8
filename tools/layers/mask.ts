// Blanks out what is no code in TypeScript, so that patterns need not know of it. Places and lines stay as they are.

/** The text without its comments. */
export function withoutComments(text: string): string {
  return masked(text, false);
}

/** The text without its comments and without what stands in strings, templates and regular expressions. */
export function bare(text: string): string {
  return masked(text, true);
}

const COMMENT = /\/\/.*|\/\*[\s\S]*?(?:\*\/|$)/y;
const QUOTED = /(['"])(?:(?!\1)[^\\\n]|\\[\s\S])*\1?/y;
const PATTERN = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** From its opening, or from the end of a `${…}`, to its end or the next `${`. */
const TEMPLATE = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;
/** What stands before a value. There a slash begins a regular expression; elsewhere it divides. */
const BEFORE_VALUE = /(?:^|[([{,;=:!&|?+*%<>~^-]|\b(?:return|typeof|case|in|of|void|throw|else|yield|await))\s*$/;

function masked(text: string, hideTexts: boolean): string {
  const braces: number[] = []; // for each template that is open, how many braces are open in its ${…}
  let out = '';
  for (let at = 0; at < text.length; ) {
    const comment = matchAt(COMMENT, text, at);
    const told = comment ?? textAt(text, at, out, braces);
    if (comment !== undefined) out += blank(comment);
    else if (told !== undefined) out += hideTexts ? told.charAt(0) + blank(told.slice(1, -1)) + told.slice(-1) : told;
    else out += text.charAt(at);
    at += told?.length ?? 1;
  }
  return out;
}

/** The string, template or pattern that begins at `at`. */
function textAt(text: string, at: number, before: string, braces: number[]): string | undefined {
  const letter = text.charAt(at);
  if (letter === "'" || letter === '"') return matchAt(QUOTED, text, at);
  if (letter === '/' && BEFORE_VALUE.test(before.slice(-40))) return matchAt(PATTERN, text, at);
  const last = braces.length - 1;
  const open = braces[last] ?? 0;
  if (letter === '`' || (letter === '}' && last >= 0 && open === 0)) return templateAt(text, at, braces);
  if (last >= 0 && letter === '{') braces[last] = open + 1;
  if (last >= 0 && letter === '}') braces[last] = open - 1;
  return undefined;
}

function templateAt(text: string, at: number, braces: number[]): string | undefined {
  const piece = matchAt(TEMPLATE, text, at);
  if (text.charAt(at) === '}') braces.pop();
  if (piece?.endsWith('${') === true) braces.push(0);
  return piece;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function blank(piece: string): string {
  return piece.replaceAll(/[^\n]/g, ' ');
}
