import { basename } from 'node:path';
import { bare } from './mask.ts';
import { isTest, type Source } from './source.ts';

const FILE_LINES = 300;
const LINE_LETTERS = 120;
/** A line may be longer for one text or pattern that cannot be broken; not for a comment. */
const UNBROKEN = /(['"`/])(?:(?!\1).){60,}/;
/** Names that say nothing about what a file holds. */
const EMPTY_NAMES = /^(utils?|helpers?|common|manager|handlers?|info|data|index|misc|types|constants)\.tsx?$/;
/** What the sealed floors' own compiler options do not take away. */
const IMPURE = /\bDate\.now\b|\bnew Date\(|\bMath\.random\b|\basync\b|\bawait\b|\bPromise\b|\bglobalThis\b/;

/** Words that a sealed floor may not use. */
export function impurities({ path, text }: Source): readonly string[] {
  const word = isTest(path) ? undefined : IMPURE.exec(bare(text))?.[0];
  return word === undefined ? [] : [`${path}: a sealed floor uses ${word}`];
}

/** A file that is too long or too wide, or has an empty name. The length of functions is the linter's to judge. */
export function form({ path, text }: Source): readonly string[] {
  const lines = text.trimEnd().split('\n');
  const long = lines.length > FILE_LINES && !isTest(path);
  return [
    ...(EMPTY_NAMES.test(basename(path)) ? [`${path}: its name does not say what it holds`] : []),
    ...(long ? [`${path}: ${lines.length} lines; the end is ${FILE_LINES}`] : []),
    ...lines.flatMap((line, i) => (isWide(line) ? [`${path}:${i + 1}: wider than ${LINE_LETTERS} letters`] : [])),
  ];
}

function isWide(line: string): boolean {
  return line.length > LINE_LETTERS && (isComment(line) || !UNBROKEN.test(line));
}

function isComment(line: string): boolean {
  return /^\s*(\*|\/\/|\/\*)/.test(line) || /\/\/ [^'"`]*$/.test(line);
}
