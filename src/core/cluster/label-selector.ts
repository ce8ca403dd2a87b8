/** What a LabelSelector of Kubernetes asks of labels: all of it. Nothing asked: everything fits. */
export interface LabelSelector {
  readonly labels: Readonly<Record<string, string>>;
  readonly expressions: readonly LabelExpression[];
}

/** One requirement: "Labels and Selectors", Kubernetes documentation. */
export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** Whether labels are what a selector asks for. */
export function fitsLabels({ labels, expressions }: LabelSelector, of: Labels): boolean {
  return Object.entries(labels).every(([key, value]) => of[key] === value) && expressions.every((it) => holds(it, of));
}

/** A label that is not there is in no list, and so not in any that is excluded. */
function holds({ key, operator, values }: LabelExpression, of: Labels): boolean {
  const value = Object.hasOwn(of, key) ? of[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
