import type { Component, EnvironmentEntry, PortFact, ProbeFact } from "../fact.ts";
import type { Documents } from "../document.ts";
import { joinPath } from "../source.ts";
import { finalStage, type DockerfileDocument, type Instruction } from "./dockerfile.ts";
import { stageEnvironment, stageProbe } from "./dockerfile-image.ts";

/** The Dockerfile that builds a component, where it is in the tree. */
export function dockerfileOf(
  component: Component,
  documents: Documents,
): DockerfileDocument | undefined {
  if (component.build === undefined) return undefined;
  const { context, dockerfile = "Dockerfile" } = component.build.value;
  const path = joinPath(context, dockerfile);
  return documents.of("dockerfile").find(({ file }) => file.path === path);
}

/** The service with what its image was built to be, where the service itself says nothing. */
export function withDockerfile(component: Component, documents: Documents): Component {
  const dockerfile = dockerfileOf(component, documents);
  const target = component.build?.value.target;
  const stage = dockerfile === undefined ? undefined : finalStage(dockerfile, target);
  if (stage === undefined) return component;
  const user = stage.findLast(({ keyword }) => keyword === "USER");
  const command = commandOf(stage);
  return {
    ...component,
    ports: [...component.ports, ...exposedPorts(stage, component.ports)],
    environment: mergedEnvironment(stage, component),
    probes: component.probes.length > 0 ? component.probes : probesOf(stage),
    ...(component.user === undefined && user !== undefined
      ? { user: { value: user.text, at: user.at } }
      : {}),
    ...(component.command === undefined && command !== undefined ? { command } : {}),
  };
}

function exposedPorts(stage: readonly Instruction[], known: readonly PortFact[]) {
  return stage
    .filter(({ keyword }) => keyword === "EXPOSE")
    .flatMap(({ words, at }) =>
      words.flatMap((word): readonly PortFact[] => {
        const [, digits, transport] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(word) ?? [];
        const port = Number(digits);
        if (digits === undefined || known.some((other) => other.port === port)) return [];
        return [{ at, port, protocol: transport === "udp" ? "udp" : "tcp" }];
      }),
    );
}

function mergedEnvironment(
  stage: readonly Instruction[],
  component: Component,
): ReadonlyMap<string, EnvironmentEntry> {
  return new Map([...stageEnvironment(stage), ...component.environment]);
}

function probesOf(stage: readonly Instruction[]): readonly ProbeFact[] {
  const check = stage.findLast(({ keyword }) => keyword === "HEALTHCHECK");
  const probe = check === undefined ? undefined : stageProbe(check);
  return probe === undefined ? [] : [probe];
}

function commandOf(stage: readonly Instruction[]): Component["command"] {
  const entrypoint = stage.findLast(({ keyword }) => keyword === "ENTRYPOINT");
  const command = stage.findLast(({ keyword }) => keyword === "CMD");
  const first = entrypoint ?? command;
  if (first === undefined) return undefined;
  const words = [entrypoint, command].flatMap((instruction) => {
    if (instruction === undefined) return [];
    return instruction.exec ? instruction.words : ["/bin/sh", "-c", instruction.text];
  });
  return { value: words, at: first.at };
}
