import { invocationOf, optionOf, type Invocation } from "../../../facts/scripts/invocation.ts";
import { at, baseName, type Location, type SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { promisedAutoscaling } from "./broken-promises.ts";
import { failoverOf } from "./failover.ts";
import { missingDaemons } from "./missing-daemons.ts";
import { listed, scriptsOf, shortName, type Script } from "./scripts-of.ts";

/** What a script or a configuration counts on is set up by nothing. */
export const declaredTargetNeverCreated: FileRule = {
  name: "declared-target-never-created",
  summary: "a standby, store or monitoring is counted on, and nothing here creates it",
  check: (unit) => [
    ...scriptsOf(unit).flatMap((script) => oneScript(script, unit)),
    ...missingDaemons(unit),
    ...promisedAutoscaling(unit),
  ],
};

interface Target {
  readonly name: string;
  readonly what: string;
  readonly line: number;
}

function oneScript(script: Script, unit: Unit): readonly Found[] {
  if (failoverOf(script).length === 0) return [];
  const files = unit.repository.documents.tree.files;
  const targets = targetsOf(script).filter(({ name }) => !isKnown(name, script, files));
  const [first, ...rest] = targets;
  if (first === undefined) return [];
  const provisioned = provisioning(unit);
  const closed = provisioned !== undefined || unit.repository.documents.tree.guide !== undefined;
  const places: readonly Location[] = rest.slice(0, 5).map(({ line }) => script.place(line));
  return [
    {
      severity: closed ? "warning" : "note",
      message:
        `${shortName(script)} counts on ${listed(
          targets.map(({ name }) => name),
          6,
        )} ` +
        `(${[...new Set(targets.map(({ what }) => what))].join(", ")}), and nothing here ` +
        `creates ${targets.length === 1 ? "it" : "them"}`,
      places: [
        script.place(first.line),
        ...places,
        ...(provisioned === undefined ? [] : [provisioned]),
      ],
      why:
        "On the day of the failover there is nothing to fail over to; until then it looks " +
        "prepared.",
      fix:
        "Create the standby with the same tools as the primary (and replicate to it), or " +
        "drop the script.",
    },
  ];
}

/** Names of things elsewhere that a failover's commands are given. */
function targetsOf({ shell }: Script): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const command of shell.commands) {
    const run = invocationOf(command.expanded);
    if (run === undefined || run.place.type !== "here") continue;
    for (const { name, what } of namesIn(run)) {
      if (/^[A-Za-z0-9][\w.-]{2,100}$/.test(name) && !targets.has(name)) {
        targets.set(name, { name, what, line: command.line });
      }
    }
  }
  return [...targets.values()];
}

function namesIn({
  program,
  args,
}: Invocation): readonly { readonly name: string; readonly what: string }[] {
  const named = (what: string, ...options: readonly string[]) => {
    const name = optionOf(args, ...options);
    return name === undefined ? [] : [{ name, what }];
  };
  if (program === "aws") {
    return [
      ...named("database", "--db-instance-identifier", "--db-cluster-identifier"),
      ...named("file", "--change-batch").map(({ name, what }) => ({
        name: name.replace(/^file:\/\//, ""),
        what,
      })),
    ];
  }
  if (program === "kubectl") {
    const index = args.indexOf("use-context");
    const context = index < 0 ? undefined : args[index + 1];
    return [
      ...named("cluster", "--context"),
      ...(context === undefined ? [] : [{ name: context, what: "cluster" }]),
    ];
  }
  if (/^(?:mysql|psql|mariadb|redis-cli)$/.test(program)) {
    const host = optionOf(args, "-h", "--host") ?? "";
    return host.includes(".") ? [] : named("host", "-h", "--host");
  }
  return [];
}

/** It stands in another file (or elsewhere in the guide's code), or is itself one. */
function isKnown(name: string, script: Script, files: readonly SourceFile[]): boolean {
  if (/^(?:localhost|default)$/.test(name)) return true;
  return files.some(({ path, text }) => {
    if (path === script.path || path.endsWith(".md")) return false;
    return baseName(path) === name || text.slice(0, 500_000).includes(name);
  });
}

const CREATES =
  /^(?:aws (?:rds|eks|ec2|elasticache) create-|eksctl create|gcloud (?:sql|container) \w+ create)/;

/** Something here does create what the system stands on, so that a standby could be there too. */
function provisioning({ repository }: Unit): Location | undefined {
  const terraform = repository.documents.tree.files.find(({ path }) => path.endsWith(".tf"));
  if (terraform !== undefined) return at(terraform, 1);
  for (const script of scriptsOf(repository)) {
    const command = script.shell.commands.find(({ expanded }) => {
      const text = expanded.slice(0, 5).join(" ");
      return CREATES.test(text);
    });
    if (command !== undefined) return script.place(command.line);
  }
  return undefined;
}
