import type { Act } from "../../../facts/scripts/acts.ts";
import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { Component } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { isNamed } from "./stores.ts";

interface Saved {
  readonly script: Script;
  readonly save: Act;
  readonly components: readonly Component[];
  readonly unit: Unit;
}

/**
 * `for i in 1 2 3; do ID=$i docker compose up -d; done`: of one service in one project each round
 * replaces the container of the round before, so that only the last name is there to save from.
 */
export function replacedContainer({ script, save, components, unit }: Saved): readonly Found[] {
  const { place } = save;
  if (place.type !== "container" || place.engine !== "docker") return [];
  const target = components.find((component) => isNamed(component, place.name));
  if (target?.containerName === undefined) return [];
  const loop = loopsOf(unit).find(({ variables }) => namesContainer(variables, unit));
  if (loop === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} saves from container \`${place.name}\`; the loop that deploys ` +
        `\`${target.name}\` replaces it by the next, and only the last one is left`,
      places: [script.place(save.command.line), loop.place, target.containerName.at],
      why:
        "`No such container`, each night after a deployment; what it was to save is in no " +
        "backup.",
      fix:
        "Give each instance a project of its own (`-p`), or save from the volume and no " +
        "container.",
    },
  ];
}

interface Loop {
  readonly variables: readonly string[];
  readonly place: Location;
}

function loopsOf({ repository }: Unit): readonly Loop[] {
  return scriptsOf(repository).flatMap((script) =>
    script.shell.commands.flatMap((command): readonly Loop[] => {
      if (!isRepeatedUp(command)) return [];
      const variables = command.assignments.map(({ name }) => name);
      if (variables.includes("COMPOSE_PROJECT_NAME")) return [];
      return [{ variables, place: script.place(command.line) }];
    }),
  );
}

function isRepeatedUp(command: ShellCommand): boolean {
  const run = invocationOf(command.expanded);
  const docker = run === undefined ? undefined : dockerVerb([run.program, ...run.args]);
  if (docker?.engine !== "compose" || docker.verb !== "up") return false;
  if (docker.options.some((word) => word === "-p" || word.startsWith("--project-name")))
    return false;
  if (docker.rest.some((word) => word.startsWith("--scale"))) return false;
  return command.guards.some(({ when }) => when === "loop");
}

/** The name of a compose file's container is made of one of these variables. */
function namesContainer(variables: readonly string[], { repository }: Unit): boolean {
  return repository.documents
    .of("compose")
    .some(({ file }) =>
      file.text
        .split("\n")
        .some(
          (line) =>
            line.length < 300 &&
            line.trimStart().startsWith("container_name:") &&
            variables.some((name) => line.includes(`\${${name}`) || line.includes(`$${name}`)),
        ),
    );
}
