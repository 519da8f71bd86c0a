/** Makes the value when it is first asked for: a catalogue is parsed only by whoever needs it. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
