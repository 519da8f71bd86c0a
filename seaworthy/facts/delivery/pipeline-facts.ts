import type { Fact } from "../fact.ts";
import { readShell } from "../scripts/shell.ts";
import { shellFacts } from "../scripts/script-facts.ts";
import { at } from "../source.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";

/** Commands of a job, read as shell; images that its actions build and push. */
export function pipelineFacts(document: PipelineDocument): readonly Fact[] {
  return document.jobs.flatMap((job) => [
    ...commandFacts(document, job),
    ...imageFacts(document, job),
  ]);
}

function commandFacts(
  { file }: PipelineDocument,
  { commands, name }: PipelineJob,
): readonly Fact[] {
  return commands.flatMap(({ line, text }) => {
    const place = (inner: number) => at(file, line + inner - 1);
    const facts = shellFacts(readShell(text), { script: file.path, place, by: "pipeline" });
    return facts.map((fact): Fact => (fact.kind === "step" ? { ...fact, within: name } : fact));
  });
}

function imageFacts({ file }: PipelineDocument, { uses }: PipelineJob): readonly Fact[] {
  return uses.flatMap(({ line, name, given }): readonly Fact[] => {
    const place = { kind: "built-image", at: at(file, line), by: "pipeline" } as const;
    if (name === "docker.build" || name === "docker.push") {
      return [{ ...place, act: name === "docker.push" ? "push" : "build", image: given }];
    }
    if (!name.startsWith("docker/build-push-action")) return [];
    const act = /^push=(true|\$)/m.test(given) ? "push" : "build";
    const tags = given
      .split("\n")
      .slice(given.split("\n").findIndex((one) => one.startsWith("tags=")));
    return tags
      .map((tag) => tag.replace(/^tags=/, "").trim())
      .filter((tag) => /^[\w.${}/ -]+[/:]/.test(tag))
      .map((image) => ({ ...place, act, image }));
  });
}
