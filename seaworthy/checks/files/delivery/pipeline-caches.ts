import type { PipelineDocument } from "../../../facts/delivery/delivery.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { jobsOf, programsOf } from "./pipeline-jobs.ts";
import { placesOf } from "./wording.ts";

interface Tool {
  /** What a cached path inside the project looks like. */
  readonly path: RegExp;
  readonly programs: readonly string[];
  /** What moves the tool's own cache there, written in the pipeline or in a file of the tool. */
  readonly moved: RegExp;
  readonly files: readonly string[];
  readonly real: string;
  readonly fix: string;
}

/** Each tool's manual: where it keeps what it downloads, and what moves it. */
const TOOLS: readonly Tool[] = [
  {
    path: /^(?:\$CI_PROJECT_DIR\/|\.\/)?\.m2\b/,
    programs: ["mvn", "mvnw"],
    moved: /maven\.repo\.local|localRepository|settings\.xml|(?:^|\s)-s\s|--settings/,
    files: [".mvn/maven.config", ".mvn/jvm.config", "settings.xml"],
    real: "~/.m2/repository",
    fix: '`MAVEN_OPTS: "-Dmaven.repo.local=$CI_PROJECT_DIR/.m2/repository"` in `variables`',
  },
  {
    path: /^(?:\$CI_PROJECT_DIR\/|\.\/)?\.gradle\b/,
    programs: ["gradle", "gradlew"],
    moved: /GRADLE_USER_HOME|gradle-user-home|(?:^|\s)-g\s/,
    files: [],
    real: "~/.gradle",
    fix: '`GRADLE_USER_HOME: "$CI_PROJECT_DIR/.gradle"` in `variables`',
  },
  {
    path: /^(?:\$CI_PROJECT_DIR\/|\.\/)?\.cache\/pip\b/,
    programs: ["pip", "pip3"],
    moved: /PIP_CACHE_DIR|--cache-dir|XDG_CACHE_HOME/,
    files: [],
    real: "~/.cache/pip",
    fix: '`PIP_CACHE_DIR: "$CI_PROJECT_DIR/.cache/pip"` in `variables`',
  },
  {
    path: /^(?:\$CI_PROJECT_DIR\/|\.\/)?\.npm\b/,
    programs: ["npm"],
    moved: /--cache\b|npm_config_cache|npm config set cache/i,
    files: [".npmrc"],
    real: "~/.npm",
    fix: "`npm ci --cache .npm --prefer-offline`",
  },
];

/** GitLab caches only paths inside the project; the tools write into the user's home. */
export function unusedCaches(unit: Unit, document: PipelineDocument): readonly Found[] {
  if (document.system !== "gitlab" || document.open) return [];
  const { tree } = unit.repository.documents;
  return TOOLS.flatMap((tool): readonly Found[] => {
    const jobs = jobsOf(document).filter((acts) => {
      const programs = programsOf(acts);
      return tool.programs.some((program) => programs.has(program));
    });
    const cached = jobs.flatMap(({ job }) => job.caches.filter(({ path }) => tool.path.test(path)));
    const [cache] = cached;
    const isMoved =
      tool.moved.test(document.file.text) || tool.files.some((path) => tree.has(path));
    if (cache === undefined || isMoved) return [];
    return [
      {
        severity: "note",
        message:
          `\`${cache.path}\` is cached, and ${tool.programs[0] ?? ""} writes to ` +
          `\`${tool.real}\``,
        places: placesOf(
          at(document.file, cache.line),
          jobs.slice(0, 2).map((acts) => acts.at),
        ),
        why: "The cache stays empty: each job downloads everything, and fails with the mirror.",
        fix: tool.fix,
      },
    ];
  });
}
