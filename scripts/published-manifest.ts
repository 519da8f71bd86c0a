/**
 * The manifest of a workspace package as it is published: doors that open on `.ts` in the
 * repository open on compiled `.js` with its `.d.ts`. Node strips no types below `node_modules`.
 */
export function publishedManifest(text: string): string {
  const manifest: unknown = JSON.parse(text, (key, value: unknown) =>
    key.startsWith(".") ? publishedDoor(value) : value,
  );
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Only the keys of `exports` begin with a dot. */
function publishedDoor(file: unknown): unknown {
  if (typeof file !== "string" || !file.endsWith(".ts")) return file;
  const stem = file.slice(0, -".ts".length);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
}
