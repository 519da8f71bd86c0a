import type { Finding } from "../system/finding.ts";
import type { Resources, System } from "../system/system.ts";
import { whyOf } from "../system/why.ts";

/**
 * What is declared, and no target runs yet, with the way out. It is checked and explained like the
 * rest; a verb that would run the system refuses with these.
 */
export function unrunnable(system: System): readonly Finding[] {
  return Object.values(system.stores)
    .filter(({ external }) => external === undefined)
    .map(({ name, provider }) => {
      const secret = `${name.toUpperCase().replaceAll("-", "_")}_URL`;
      return {
        rule: "not-yet",
        severity: "error",
        message: `no target runs stores yet: \`${name}\` (${provider}) is checked, and not run`,
        places: [{ path: `stores.${name}` }],
        why: whyOf("not-yet"),
        fix: `Run it yourself and say so: external: secret("${secret}").`,
      };
    });
}

/** What is declared and read by the checks alone: nothing holds the system to it yet. */
export function unenforced(system: System): readonly Finding[] {
  const limited = [
    ...Object.values(system.services).map(({ name, resources }) =>
      limit("services", name, resources),
    ),
    ...Object.values(system.jobs).map(({ name, resources }) => limit("jobs", name, resources)),
  ].flat();
  const { availability, recoveryPointMs, connections } = system.objectives;
  const onOneMachine = system.platform === "local" && availability !== undefined;
  const promised = [
    ...(recoveryPointMs === undefined ? [] : ["objectives.recovery.point"]),
    ...(connections === undefined ? [] : ["objectives.connections"]),
  ];
  return [
    ...note(limited, {
      message: `\`resources\` are checked, and ${system.platform} holds no instance to them`,
      why: "An instance that takes more than it should takes it from its neighbours.",
      fix: "Count on it only where a container engine enforces it.",
    }),
    ...note(onOneMachine ? ["objectives.availability"] : [], {
      message: "promised, and every instance stands on this one machine: no spread",
      why: "Replicas cover the loss of an instance; the loss of the machine is an outage of all.",
      fix: "Take it for a rehearsal: the promise needs machines that fail one at a time.",
    }),
    ...note(promised, {
      message: "promised and checked, and no drill measures it yet",
      why: "A promise that nobody measured is a hope: `status` says nothing about it.",
      fix: "Measure it yourself until a drill does.",
    }),
  ];
}

function limit(room: string, name: string, { cpu, memoryBytes }: Resources): readonly string[] {
  return cpu === undefined && memoryBytes === undefined ? [] : [`${room}.${name}.resources`];
}

function note(
  paths: readonly string[],
  text: Pick<Finding, "message" | "why" | "fix">,
): readonly Finding[] {
  if (paths.length === 0) return [];
  const places = paths.map((path) => ({ path }));
  return [{ rule: "not-yet", severity: "note", places, ...text }];
}
