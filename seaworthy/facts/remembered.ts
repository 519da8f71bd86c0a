/**
 * A function that computes once for each object. Rules run once a unit, and many ask the same of
 * the tree that all units share: else the time of a large repository grows with its square.
 */
export function remembered<Key extends WeakKey, Value>(
  compute: (key: Key) => Value,
): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) };
    known.set(key, found);
    return found.value;
  };
}
