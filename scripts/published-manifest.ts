/**
 * The manifest of a workspace package as it is published: doors that open on `.ts` in the
 * repository open on compiled `.js` with its `.d.ts`. Node strips no types below `node_modules`.
 */
export function publishedManifest(text: string): string {
  const manifest: { exports: Record<string, string> } = JSON.parse(text);
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([door, file]) => [door, publishedDoor(file)]),
  );
  return `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`;
}

function publishedDoor(file: string): string | { types: string; default: string } {
  if (!file.endsWith(".ts")) return file;
  const stem = file.slice(0, -".ts".length);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
}
