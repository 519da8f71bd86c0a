import { baseName, type SourceFile } from "../source.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";

const LINE_CHARACTERS_MAX = 4_000;
/** Words before a brace or parenthesis that are Groovy's or the pipeline's own structure. */
const STRUCTURE = new Set(
  (
    "pipeline agent environment stages stage steps script post always success failure unstable " +
    "changed cleanup options parameters triggers tools when parallel matrix axes axis node if else " +
    "for while switch try catch finally def return new expression allOf anyOf not branch docker " +
    "label aborted fixed regression unsuccessful input dockerfile excludes exclude libraries"
  ).split(" "),
);

/** A declarative Jenkinsfile: `pipeline {` with `stage('…')`. Read by lines and braces, best effort. */
export function readJenkins(file: SourceFile): PipelineDocument | undefined {
  const named = /^Jenkinsfile|\.(groovy|jenkins(file)?)$/i.test(baseName(file.path));
  if (!named || file.text.length > 500_000 || !/\bpipeline\s*\{/.test(file.text)) return undefined;
  const jobs = stagesOf(file.text.split("\n"));
  if (jobs.length === 0) return undefined;
  return {
    kind: "pipeline",
    system: "jenkins",
    file,
    stages: jobs.map(({ name }) => name),
    jobs,
    problems: [],
  };
}

interface Open {
  name: string;
  line: number;
  commands: { line: number; text: string }[];
  uses: { line: number; name: string; given: string }[];
  condition: { line: number; text: string } | undefined;
}

function stagesOf(lines: readonly string[]): readonly PipelineJob[] {
  const stages: Open[] = [];
  lines.forEach((full, index) => {
    const line = full.length > LINE_CHARACTERS_MAX ? "" : full;
    if (/^\s*(\/\/|\*)/.test(line)) return;
    const name = /\bstage\s*\(\s*['"]([^'"]{1,200})['"]/.exec(line)?.[1];
    if (name !== undefined) {
      stages.push({ name, line: index + 1, commands: [], uses: [], condition: undefined });
    }
    const stage = stages.at(-1);
    if (stage === undefined || /^\s*post\s*\{/.test(line)) return;
    read(stage, { line, number: index + 1, following: lines.slice(index + 1, index + 6) });
  });
  return stages.map(({ name, line, commands, uses, condition }) => ({
    name,
    line,
    stage: name,
    needs: [],
    restricted: condition !== undefined,
    commands,
    uses,
    ...(condition === undefined ? {} : { condition }),
  }));
}

function read(
  stage: Open,
  here: { readonly line: string; readonly number: number; readonly following: readonly string[] },
): void {
  const { line, number, following } = here;
  if (/\bwhen\s*\{/.test(line)) {
    stage.condition = { line: number, text: [line, ...following].join(" ").slice(0, 500) };
  }
  const [, quote, text] =
    /\bsh\s*\(?\s*(?:script:\s*)?('''|"""|'|")((?:(?!\1).){0,3000})/.exec(line) ?? [];
  if (text !== undefined && quote !== undefined) {
    if (text.trim() !== "") stage.commands.push({ line: number, text });
    else
      following.forEach((next, offset) => {
        stage.commands.push({ line: number + 1 + offset, text: next.replace(/('''|""").*$/, "") });
      });
    return;
  }
  const step = /^\s*([a-z]\w{1,60})\s*(?:\(|['"[]|\w+:|$)(.{0,1000})/i.exec(line);
  const [, name = "", given = ""] = step ?? [];
  if (name !== "" && !STRUCTURE.has(name) && !/^\s*\w+\s*=/.test(line)) {
    stage.uses.push({ line: number, name, given: [given, ...following].join("\n") });
  }
  for (const [, image = "", pushed] of line.matchAll(
    /docker\.(?:build|image)\(\s*["']([^"']{1,300})["'][^)]{0,200}\)(\.push\(\s*(?:["']([^"']{1,100})["'])?)?/g,
  )) {
    const verb = pushed === undefined ? "build" : "push";
    stage.uses.push({ line: number, name: `docker.${verb}`, given: image });
  }
}
