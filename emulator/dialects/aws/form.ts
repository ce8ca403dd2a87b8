import { ApiError } from './api-error.ts';

/**
 * Names and values of a query or a form (application/x-www-form-urlencoded), percent-decoded. Throws ApiError for a
 * percent sign without its two digits, or bytes that are no UTF-8. The last of two equal names counts.
 */
export function readForm(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const piece of text.split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    const name = at < 0 ? piece : piece.slice(0, at);
    pairs.set(decoded(name), at < 0 ? '' : decoded(piece.slice(at + 1)));
  }
  return pairs;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new ApiError('MalformedQueryString', 'The query string contains a syntax error.');
  }
}
