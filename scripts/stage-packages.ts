import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { publishedManifest } from "./published-manifest.ts";

/** In the order in which they depend on each other. */
const PACKAGES = ["std", "gateway", "seaworthy"] as const;

const root = join(import.meta.dirname, "..");
const out = resolve(process.argv[2] ?? join(root, "dist"));
const compiled = join(out, "compiled");
const tarballs = join(out, "tarballs");

rmSync(out, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });
execFileSync("tsc", ["--project", "tsconfig.build.json", "--outDir", compiled], {
  cwd: root,
  stdio: "inherit",
});
for (const name of PACKAGES) {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", tarballs], {
    cwd: stage(name),
    stdio: ["ignore", "ignore", "inherit"],
  });
}
console.log(globSync("*.tgz", { cwd: tarballs }).toSorted().join("\n"));

/** A folder as it will be published: compiled code, plain JavaScript, manifest and licence. */
function stage(name: string): string {
  const staged = join(out, "packages", name);
  cpSync(join(compiled, name), staged, { recursive: true });
  for (const file of globSync("**/*.js", { cwd: join(root, name), exclude: ["node_modules"] })) {
    mkdirSync(dirname(join(staged, file)), { recursive: true });
    cpSync(join(root, name, file), join(staged, file));
  }
  const manifest = readFileSync(join(root, name, "package.json"), "utf8");
  writeFileSync(join(staged, "package.json"), publishedManifest(manifest));
  cpSync(join(root, "LICENSE"), join(staged, "LICENSE"));
  // `explain` prints them.
  for (const shelf of name === "seaworthy" ? ["checks", "drills"] : []) {
    cpSync(join(root, "docs", shelf), join(staged, "docs", shelf), { recursive: true });
  }
  return staged;
}
