import type { Document, Documents } from "../document.ts";
import type { Call, Component, Fact } from "../fact.ts";
import { at, type SourceFile } from "../source.ts";
import { readCompose, type ComposeDocument } from "./compose.ts";
import { componentsOf, composeProjects, furtherNames } from "./compose-projects.ts";
import { readDockerfile, type DockerfileDocument } from "./dockerfile.ts";
import { readEnvironment, type EnvironmentDocument } from "./env-file.ts";
import { environmentCalls } from "./environment-calls.ts";

/** Compose files, Dockerfiles and files of environment variables. */
export type ContainerDocument = ComposeDocument | DockerfileDocument | EnvironmentDocument;

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readContainers(file: SourceFile): Document | undefined {
  return readEnvironment(file) ?? readCompose(file) ?? readDockerfile(file);
}

/** What the documents of one unit say together: overlays merged, variables put in. */
export function containerFacts(documents: Documents): readonly Fact[] {
  const components = composeProjects(documents).flatMap((project) =>
    componentsOf(project, documents),
  );
  return [
    ...components,
    ...components.flatMap(builtImage),
    ...components.flatMap(probeCalls),
    ...components.flatMap(environmentCalls),
    ...documents.of("compose").flatMap(hostNames),
  ];
}

function builtImage({ build, image }: Component): readonly Fact[] {
  if (build === undefined || image === undefined) return [];
  return [{ kind: "built-image", at: image.at, act: "build", image: image.value, by: "compose" }];
}

/** A health check inside the container that asks an address is a call to that address. */
function probeCalls({ name, probes }: Component): readonly Call[] {
  return probes.flatMap(({ at: place, check }) => {
    if (check.type !== "exec") return [];
    const text = check.command.join(" ").slice(0, 4_000);
    const match = /\b(https?):\/\/([\w.-]+)(?::(\d{1,5}))?(\/[^\s"'|;&)]*)?/.exec(text);
    if (match === null) return [];
    const [, scheme = "http", host = "", port, path] = match;
    return [
      {
        ...{ kind: "call", at: place, via: "probe", scheme, host, scope: "network" },
        ...(port === undefined ? {} : { port: Number(port) }),
        ...(path === undefined ? {} : { path }),
        component: name,
      } satisfies Call,
    ];
  });
}

function hostNames(document: ComposeDocument): readonly Fact[] {
  return furtherNames(document).map(({ name, line, behind }) => ({
    kind: "host-name",
    at: at(document.file, line),
    name,
    platform: "compose",
    components: behind === undefined ? [] : [behind],
    ports: [],
  }));
}
