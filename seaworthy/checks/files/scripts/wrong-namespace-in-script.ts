import { invocationOf, optionOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { pipelineScripts } from "./pipeline-scripts.ts";
import { listed, scriptsOf, shortName, type Script } from "./scripts-of.ts";

/** kubectl without `-n` looks into the namespace of whoever runs it: mostly `default`. */
export const wrongNamespaceInScript: FileRule = {
  name: "wrong-namespace-in-script",
  summary: "kubectl acts in the default namespace on what lives in another",
  check: (unit) => {
    const objects = objectsOf(unit);
    if (objects.length === 0) return [];
    const scripts = [...scriptsOf(unit), ...pipelineScripts(unit)];
    return scripts.flatMap((script) => oneScript(script, objects));
  },
};

interface Placed {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly place: Location;
}

function objectsOf({ repository }: Unit): readonly Placed[] {
  return repository.documents.of("manifest").flatMap(({ file, objects }) =>
    objects.map(({ kind, name, namespace, line }) => ({
      kind: kind.toLowerCase(),
      name,
      namespace,
      place: at(file, line),
    })),
  );
}

function oneScript(script: Script, objects: readonly Placed[]): readonly Found[] {
  if (script.shell.commands.some((command) => choosesNamespace(command))) return [];
  const astray = script.shell.commands.flatMap((command) => {
    const target = targetOf(command, objects);
    return target === undefined ? [] : [{ command, target }];
  });
  const [first, ...rest] = astray;
  if (first === undefined) return [];
  const verbs = astray.map(({ command }) => verbOf(command)?.verb ?? "");
  const namespace = first.target.namespace ?? "";
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)}: \`kubectl\` ${listed(verbs)} without \`-n\`, and ` +
        `\`${first.target.name}\` lives in namespace ${namespace}`,
      places: [
        script.place(first.command.line),
        ...rest.map(({ command }) => script.place(command.line)),
        first.target.place,
      ],
      why:
        "It ends in NotFound, or acts on something of the same name in the namespace that the " +
        "operator happened to be in, in the minute of a rollback.",
      fix: `Add \`-n ${namespace}\` to each command.`,
    },
  ];
}

/** Whatever sets the namespace for the commands after it. */
function choosesNamespace({ expanded, assignments }: ShellCommand): boolean {
  const text = expanded.join(" ").slice(0, 1_000);
  if (/\bkubens\b|\bset-context\b.*--namespace|^alias /.test(text)) return true;
  return assignments.some(({ value }) => /^kubectl .*(?:-n |--namespace)/.test(value));
}

interface Verb {
  readonly verb: string;
  readonly args: readonly string[];
}

/** What changes something, or waits for it: `get` and `apply` find their way or harm nobody. */
const VERBS = new Set(["scale", "set", "rollout", "delete", "patch", "autoscale", "wait", "exec"]);

function verbOf({ expanded }: ShellCommand): Verb | undefined {
  const words = invocationOf(expanded);
  const all = words?.program === "kubectl" ? [...words.args] : undefined;
  if (all === undefined) {
    const exec = words?.place;
    if (exec?.type !== "container" || exec.engine !== "kubectl") return undefined;
    return { verb: "exec", args: [...exec.options.slice(1), exec.name] };
  }
  const verb = all.find((word) => VERBS.has(word));
  return verb === undefined ? undefined : { verb, args: all };
}

function targetOf(command: ShellCommand, objects: readonly Placed[]): Placed | undefined {
  const found = verbOf(command);
  if (found === undefined) return undefined;
  const { args } = found;
  if (optionOf(args, "-n", "--namespace") !== undefined) return undefined;
  if (
    args.some((word) => /^(?:-A|--all-namespaces|-f|--filename|-k|namespace|ns|node)/.test(word))
  ) {
    return undefined;
  }
  if (args.includes("--all")) return soleNamespace(objects);
  for (const word of args) {
    const name = word.slice(word.indexOf("/") + 1);
    const named = objects.filter((object) => object.name === name && isWorkload(object.kind));
    const [first] = named;
    // In `default` too, or with no namespace written: the one that is meant may be there.
    const elsewhere = named.every(
      ({ namespace }) => namespace !== undefined && namespace !== "default",
    );
    if (first !== undefined) return elsewhere ? first : undefined;
  }
  return undefined;
}

function soleNamespace(objects: readonly Placed[]): Placed | undefined {
  const workloads = objects.filter(({ kind }) => isWorkload(kind));
  const known = workloads.every(
    ({ namespace }) => namespace !== undefined && namespace !== "default",
  );
  return known ? workloads[0] : undefined;
}

function isWorkload(kind: string): boolean {
  return /^(?:deployment|statefulset|daemonset|job|cronjob|pod|horizontalpodautoscaler)$/.test(
    kind,
  );
}
