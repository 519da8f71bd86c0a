/** A matcher of PromQL or of an Alertmanager route. */
export interface LabelTest {
  readonly name: string;
  readonly op: string;
  readonly value: string;
}

/** Longer expressions are taken to match: they are not worth a hostile file's time. */
const EXPRESSION_MAX = 300;
const REPETITIONS_MAX = 3;
const LABEL_MAX = 200;

/** No matcher refuses these labels; labels that are not known are taken to fit. */
export function matchesAll(
  matchers: readonly LabelTest[],
  labels: ReadonlyMap<string, string>,
): boolean {
  return matchers.every((matcher) => {
    const value = labels.get(matcher.name);
    return value === undefined || matches(matcher, value);
  });
}

/** Whether a label's value fits; Prometheus's expressions are anchored at both ends. */
export function matches({ op, value }: LabelTest, label: string): boolean {
  switch (op) {
    case "=":
      return label === value;
    case "!=":
      return label !== value;
    case "=~":
      return isLike(value, label);
    default:
      return !isLike(value, label) || isOpen(value);
  }
}

/** A choice of words is compared as such; anything else is left to the engine, if it is short. */
function isLike(expression: string, label: string): boolean {
  if (isOpen(expression) || label.length > LABEL_MAX) return true;
  try {
    return new RegExp(`^(?:${expression})$`).test(label);
  } catch {
    // RE2 knows what this engine does not; nothing can be said then.
    return true;
  }
}

/** Too long, with a variable in it, or repeated in ways that could take for ever. */
function isOpen(expression: string): boolean {
  return (
    expression.length > EXPRESSION_MAX ||
    expression.includes("$") ||
    expression.includes("grafana_variable") ||
    /\)[*+{?]/.test(expression) ||
    expression.split(/[*+{]/).length > REPETITIONS_MAX + 1
  );
}
