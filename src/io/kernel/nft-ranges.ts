import { type ElementItem, overlap, type SetShape, type Span, spanOf } from './nft-element-codec.ts';

/** What an interval set holds, by place. Its ranges never overlap, so that their ends stand in order as well. */
export class NftRanges {
  readonly #shape: SetShape;
  readonly #places: readonly { readonly item: ElementItem; readonly span: Span }[];

  constructor(shape: SetShape, items: readonly ElementItem[]) {
    this.#shape = shape;
    this.#places = items
      .map((item) => ({ item, span: spanOf(shape, item) }))
      .sort((a, b) => (a.span.first < b.span.first ? -1 : 1));
  }

  /** Those that share an address with an item. O(log n) for each. */
  meeting(item: ElementItem): readonly ElementItem[] {
    const span = spanOf(this.#shape, item);
    const found: ElementItem[] = [];
    for (let i = this.#firstNotBefore(span.first); i < this.#places.length; i++) {
      const place = this.#places[i];
      if (place === undefined || !overlap(place.span, span)) break;
      found.push(place.item);
    }
    return found;
  }

  /** The place of the first range that does not end before an address. */
  #firstNotBefore(address: bigint): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = this.#places[middle];
      if (place !== undefined && place.span.last < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
