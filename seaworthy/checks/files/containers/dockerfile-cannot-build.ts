import { type DockerfileDocument, type Instruction } from "../../../facts/containers/dockerfile.ts";
import { entriesAt, nodeAt, textAt } from "../../../facts/node.ts";
import { at, baseName, folderOf, joinPath, type SourceFile } from "../../../facts/source.ts";
import { structured } from "../../../facts/structured.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isRehearsal, listed, placesOf } from "./intent.ts";

export const dockerfileCannotBuild: FileRule = {
  name: "dockerfile-cannot-build",
  summary: "the image cannot be built from a clean checkout",
  check: (unit) =>
    unit.documents.of("dockerfile").flatMap((document) => {
      const found = [
        ...toolsLeftOut(unit, document),
        ...standaloneNeverMade(unit, document),
        ...severalIntoOne(unit, document),
        ...sourcesMissing(unit, document),
      ];
      if (!isRehearsal(document.file.path)) return found;
      return found.map((one) => ({ ...one, severity: "note" as const }));
    }),
};

/** `package.json` of the folder that is built: beside the Dockerfile, or in a compose context. */
function packageOf(unit: Unit, document: DockerfileDocument): SourceFile | undefined {
  const contexts = contextsOf(unit, document);
  return unit.documents.tree.files.find(
    ({ path }) => baseName(path) === "package.json" && contexts.includes(folderOf(path)),
  );
}

/** Where a build may look from; Compose says, otherwise the folder of the Dockerfile is usual. */
function contextsOf(unit: Unit, { file }: DockerfileDocument): readonly string[] {
  const named = unit.repository.facts.of("component").flatMap(({ build }) => {
    if (build === undefined) return [];
    const { context, dockerfile = "Dockerfile" } = build.value;
    return joinPath(context, dockerfile) === file.path ? [context] : [];
  });
  return named.length > 0 ? [...new Set(named)] : [folderOf(file.path)];
}

const ONLY_PRODUCTION = new RegExp(
  "\\b(?:npm (?:ci|install|i)\\b[^&|;]*" +
    "(?:--only[= ]prod|--omit[= ]dev|--production(?!=false| false))|" +
    "yarn install\\b[^&|;]*--prod|pnpm (?:install|i)\\b[^&|;]*(?:--prod|-P\\b))",
);
const EVERYTHING = /\b(?:npm (?:ci|install|i)|yarn install|yarn\s*(?:&&|$)|pnpm (?:install|i))\b/;
const BUILD = /\b(?:npm|yarn|pnpm) (?:run )?build\b/;
/** What `next build` itself asks for when the project has a file for it. */
const COMPANIONS = ["typescript", "tailwindcss", "postcss", "autoprefixer", "@tailwindcss/postcss"];

/** Only production packages are installed, and then a tool among the others is to build. */
function toolsLeftOut(unit: Unit, document: DockerfileDocument): readonly Found[] {
  const manifest = packageOf(unit, document);
  const [root] = manifest === undefined ? [] : structured(manifest).documents;
  if (manifest === undefined || root === undefined) return [];
  const script = textAt(root, "scripts", "build") ?? "";
  const development = entriesAt(root, "devDependencies").map(([name]) => name);
  const tools = development.filter((name) => isNeeded(name, script));
  if (tools.length === 0) return [];
  return document.stages.flatMap((stage) => {
    const runs = stage.instructions.filter(({ keyword }) => keyword === "RUN");
    const build = runs.findIndex(({ text }) => BUILD.test(text));
    const before = runs.slice(0, Math.max(0, build + 1));
    const installs = before.filter(({ text }) => EVERYTHING.test(text));
    const last = installs.at(-1);
    const built = runs[build];
    if (built === undefined || last === undefined || !ONLY_PRODUCTION.test(last.text)) return [];
    if (installs.some(({ text }) => !ONLY_PRODUCTION.test(text))) return [];
    const line =
      entriesAt(root, "devDependencies").find(([name]) => name === tools[0])?.[1].line ?? 1;
    return [
      {
        severity: "error" as const,
        message: `the build needs ${listed(tools, 4)}, which this installation leaves out`,
        places: placesOf(last.at, [built.at, at(manifest, line)]),
        why:
          "the image builds where node_modules came from a laptop, and fails in the pipeline " +
          "and for everybody else: nothing can be deployed from a clean checkout",
        fix: "npm ci in the build stage, and only production packages in the last",
      },
    ];
  });
}

function isNeeded(name: string, script: string): boolean {
  const program = PROGRAMS[name] ?? name;
  if (new RegExp(`(?:^|[\\s&|;])${program.replace(/[^\w-]/g, "\\$&")}(?:\\s|$)`).test(script))
    return true;
  return /\bnext build\b/.test(script) && COMPANIONS.includes(name);
}

/** Packages whose program has another name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  typescript: "tsc",
  "@angular/cli": "ng",
  "@nestjs/cli": "nest",
  "webpack-cli": "webpack",
  "@vue/cli-service": "vue-cli-service",
  "@sveltejs/kit": "svelte-kit",
};

/** `.next/standalone` is only made when `next.config` asks for it. */
function standaloneNeverMade(unit: Unit, document: DockerfileDocument): readonly Found[] {
  const manifest = packageOf(unit, document);
  const [root] = manifest === undefined ? [] : structured(manifest).documents;
  if (manifest === undefined || nodeAt(root, "dependencies", "next") === undefined) return [];
  const folder = folderOf(manifest.path);
  const configurations = unit.documents.tree.files.filter(
    ({ path }) => folderOf(path) === folder && baseName(path).startsWith("next.config."),
  );
  const isAsked = [...configurations.map(({ text }) => text), document.file.text].some((text) =>
    /output["']?\s*:\s*["'`]standalone|NEXT_PRIVATE_STANDALONE/.test(text),
  );
  // A configuration that computes its output cannot be read here.
  if (isAsked || configurations.some(({ text }) => /\boutput\b/.test(text))) return [];
  const copy = copiesOf(document).find(({ text }) => text.includes(".next/standalone"));
  if (copy === undefined) return [];
  const [configuration] = configurations;
  return [
    {
      severity: "error",
      message: "this copies .next/standalone, which the build does not make",
      places: placesOf(copy.at, configuration === undefined ? [] : [at(configuration, 1)]),
      why: 'COPY ends with "not found": no image is built, so no fix can be deployed either',
      fix:
        configuration === undefined
          ? 'add next.config.js with output: "standalone"'
          : `set output: "standalone" in ${configuration.path}`,
    },
  ];
}

function copiesOf({ stages }: DockerfileDocument): readonly Instruction[] {
  return stages
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword }) => keyword === "COPY" || keyword === "ADD");
}

/** A pattern into one file fails as soon as it matches two, as with Gradle's plain jar. */
function severalIntoOne(unit: Unit, document: DockerfileDocument): readonly Found[] {
  return copiesOf(document).flatMap(({ words, at: place }): readonly Found[] => {
    const target = words.at(-1) ?? "";
    const pattern = words
      .slice(0, -1)
      .find((word) => /\*/.test(word) && /\.[a-z]{2,5}$/.test(word));
    const isFile = /\.[a-z]{2,5}$/.test(target) && !target.endsWith("/");
    if (pattern === undefined || !isFile || words.length !== 2) return [];
    const isGradle =
      /build\/libs\//.test(pattern) && !disablesPlainJar(unit) && !makesBootJarOnly(document);
    return [
      {
        severity: isGradle ? "warning" : "note",
        message: `${pattern} may match several files, and ${target} is one`,
        places: [place],
        why:
          "with a second match (a -plain or -sources jar, one of an older version) COPY fails: " +
          "`destination must be a directory`. It works until it does not",
        fix: "name the file, or give the build a fixed name (finalName, archiveFileName)",
      },
    ];
  });
}

/** `gradle bootJar` makes the one jar; `build`, `assemble` and `jar` make the plain one too. */
function makesBootJarOnly({ stages }: DockerfileDocument): boolean {
  const runs = stages
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword, text }) => keyword === "RUN" && /\bgradlew?\b/.test(text));
  return (
    runs.some(({ text }) => /\bbootJar\b/.test(text)) &&
    !runs.some(({ text }) => /\b(?:build|assemble|jar)\b/.test(text))
  );
}

function disablesPlainJar(unit: Unit): boolean {
  return unit.documents.tree.files.some(
    ({ path, text }) =>
      /build\.gradle/.test(path) && /\bjar\b[^}]{0,200}enabled\s*=?\s*\(?false/.test(text),
  );
}

/** Made by a build outside the image, or by hand: their absence from a tree is right. */
const MADE = new RegExp(
  "(?:^|/)(?:dist|build|target|out|bin|node_modules|vendor|public|static|\\.next|tmp|release|" +
    "publish|artifacts?)(?:/|$)|lock\\.json$|" +
    "\\.(?:jar|war|zip|tar|tgz|gz|env|pem|key|crt|whl|so|exe|lock)$",
  "i",
);

function sourcesMissing(unit: Unit, document: DockerfileDocument): readonly Found[] {
  const { tree } = unit.documents;
  if (tree.guide !== undefined) return [];
  const named = unit.repository.facts.of("component").some(({ build }) => {
    const { context = "", dockerfile = "Dockerfile" } = build?.value ?? {};
    return build !== undefined && joinPath(context, dockerfile) === document.file.path;
  });
  // Without a context that somebody names, a path may be right from anywhere.
  if (!named) return [];
  const composed = contextsOf(unit, document);
  // A pipeline may well build from elsewhere than Compose does.
  const contexts = [...new Set([...composed, "", folderOf(document.file.path)])];
  const missing = copiesOf(document).flatMap(({ words, flags, at: place, text }) =>
    flags.has("from") || text.includes("<<")
      ? []
      : words.slice(0, -1).flatMap((source) => {
          if (/[*?[$]|^https?:|^git@/.test(source) || MADE.test(source)) return [];
          const paths = contexts.flatMap(
            (context) => joinPath(context, source.replace(/^\/+/, "")) ?? [],
          );
          const isThere = paths.some(
            (path) => path === "" || tree.has(path) || tree.isIgnored(path),
          );
          return isThere || isNamedByScript(unit, source) ? [] : [{ source, at: place }];
        }),
  );
  const [first, ...rest] = missing;
  if (first === undefined) return [];
  const [context = ""] = contexts;
  const sources = listed(missing.map(({ source }) => source));
  return [
    {
      severity: "error",
      message: `${sources} is not in ${context === "" ? "the repository" : context}`,
      places: placesOf(
        first.at,
        rest.map(({ at: place }) => place),
      ),
      why: 'COPY ends with "not found": the image cannot be built on any other machine, or in CI',
      fix: "commit the file, correct the path, or build from the folder in which it is",
    },
  ];
}

/** A script or a pipeline may write it first. */
function isNamedByScript(unit: Unit, source: string): boolean {
  const name = baseName(source);
  return unit.documents.tree.files.some(
    ({ path, text }) =>
      /\.(?:sh|ya?ml|mk|ps1)$|(?:^|\/)(?:Makefile|Jenkinsfile|justfile)$/.test(path) &&
      text.includes(name),
  );
}
