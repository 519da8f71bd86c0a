import { baseName } from "../source.ts";

/** What a command really runs once `sudo`, `timeout 30` and `docker exec NAME` are taken away. */
export interface Invocation {
  /** Last part of the path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly place: Place;
}

export type Place =
  | { readonly type: "here" }
  | { readonly type: "remote"; readonly host: string }
  | {
      readonly type: "container";
      /** `exec` names a container (compose: a service; kubectl: a pod); `run` an image. */
      readonly engine: "docker" | "compose" | "kubectl" | "run";
      readonly name: string;
      /** Arguments of the engine itself, before the command. */
      readonly options: readonly string[];
    };

const HERE: Place = { type: "here" };
/** `sudo timeout nice sudo …`: more wrappers than anybody writes. */
const WRAPPERS_MAX = 8;
const SHELLS = new Set(["sh", "bash", "ash", "dash", "zsh", "ksh"]);

/** Programs that run the rest of their words; which of their options take a value. */
const WRAPPERS: ReadonlyMap<string, { readonly valued: string; readonly operands: number }> =
  new Map([
    ["sudo", { valued: "-u -g -h -p -C -r -t -U --user --group", operands: 0 }],
    ["doas", { valued: "-u -C", operands: 0 }],
    ["env", { valued: "-u -C --unset --chdir", operands: 0 }],
    ["nice", { valued: "-n", operands: 0 }],
    ["ionice", { valued: "-c -n", operands: 0 }],
    ["nohup", { valued: "", operands: 0 }],
    ["time", { valued: "-f -o", operands: 0 }],
    ["timeout", { valued: "-k -s --signal --kill-after", operands: 1 }],
    ["exec", { valued: "-a", operands: 0 }],
    ["command", { valued: "", operands: 0 }],
    ["builtin", { valued: "", operands: 0 }],
    ["stdbuf", { valued: "-i -o -e", operands: 0 }],
    ["flock", { valued: "-w -E --timeout", operands: 1 }],
    ["gosu", { valued: "", operands: 1 }],
    ["su-exec", { valued: "", operands: 1 }],
    ["xargs", { valued: "-I -n -P -L -d -a -s -E", operands: 0 }],
    ["retry", { valued: "-t -d -n", operands: 0 }],
  ]);

const DOCKER_GLOBAL = words("-c --context -H --host -l --log-level --config");
const COMPOSE_GLOBAL = words(
  "-f --file -p --project-name --env-file --profile --project-directory --ansi --parallel",
);
const EXEC_VALUED = words("-e --env -u --user -w --workdir --env-file --detach-keys --index");
const KUBECTL_VALUED = words(
  "-n --namespace -c --container --context --kubeconfig --cluster --user -s --server --as",
);
const SSH_VALUED = words("-i -p -l -o -F -J -b -c -D -E -e -I -L -m -O -Q -R -S -W -w");

/** Options of `docker run` that take a value (`docker run --help`, 27.0; the common ones). */
const RUN_VALUED = words(
  `-v --volume --mount -e --env --env-file -p --publish --name --network --net -w --workdir -u
   --user --entrypoint -h --hostname -l --label -m --memory --cpus --restart --log-driver --log-opt
   --add-host --ip --volumes-from --tmpfs --platform --pull --gpus --device --cap-add --cap-drop
   --security-opt --ulimit --sysctl --health-cmd --health-interval --health-retries
   --health-timeout --stop-timeout --link --dns --expose --shm-size --pid --ipc --network-alias`,
);

/** Undefined where nothing is run: an assignment alone. */
export function invocationOf(
  command: readonly string[],
  place: Place = HERE,
): Invocation | undefined {
  let rest = command;
  let where = place;
  for (let round = 0; round < WRAPPERS_MAX; round += 1) {
    rest = withoutAssignments(rest);
    const [first] = rest;
    if (first === undefined) return undefined;
    const inner = entered(rest);
    if (inner !== undefined) {
      where = inner.place;
      if (inner.rest.length === 0)
        return { program: baseName(first), args: rest.slice(1), place: where };
      rest = inner.rest;
      continue;
    }
    const wrapper = WRAPPERS.get(baseName(first));
    const wrapped =
      wrapper === undefined
        ? []
        : afterOptions(rest, words(wrapper.valued)).slice(wrapper.operands);
    if (wrapped.length === 0)
      return { program: baseName(first), args: rest.slice(1), place: where };
    rest = wrapped;
  }
  return { program: baseName(rest[0] ?? ""), args: rest.slice(1), place: where };
}

/** The words that run inside a container or on another host, and where that is. */
function entered(
  all: readonly string[],
): { readonly place: Place; readonly rest: readonly string[] } | undefined {
  const docker = dockerVerb(all);
  if (docker?.verb === "exec") {
    const [name = "", ...rest] = afterOptions(docker.rest, EXEC_VALUED);
    return {
      place: { type: "container", engine: docker.engine, name, options: docker.options },
      rest,
    };
  }
  if (docker?.verb === "run") {
    const [name = "", ...rest] = afterOptions(docker.rest, RUN_VALUED);
    const engine = docker.engine === "compose" ? "compose" : "run";
    const options = docker.rest.slice(1, docker.rest.length - rest.length - 1);
    return { place: { type: "container", engine, name, options }, rest };
  }
  const [program = ""] = all;
  if (baseName(program) === "ssh") {
    const [host = "", ...rest] = afterOptions(all, SSH_VALUED);
    return { place: { type: "remote", host }, rest };
  }
  if (baseName(program) !== "kubectl" && baseName(program) !== "oc") return undefined;
  const verb = afterOptions(all, KUBECTL_VALUED);
  if (verb[0] !== "exec") return undefined;
  const [name = "", ...rest] = afterOptions(verb, KUBECTL_VALUED);
  const inner = rest.includes("--")
    ? rest.slice(rest.indexOf("--") + 1)
    : afterOptions(["", ...rest], KUBECTL_VALUED);
  return { place: { type: "container", engine: "kubectl", name, options: all }, rest: inner };
}

/** `docker exec`, `docker compose -f x up`, `docker-compose up`, `docker container rm`. */
interface DockerVerb {
  readonly engine: "docker" | "compose";
  readonly verb: string;
  /** The verb and what follows it. */
  readonly rest: readonly string[];
  /** Between `compose` and the verb: `-f`, `-p`. */
  readonly options: readonly string[];
}

export function dockerVerb(all: readonly string[]): DockerVerb | undefined {
  const program = baseName(all[0] ?? "");
  if (program === "docker-compose" || program === "podman-compose") return composeVerb(all);
  if (program !== "docker" && program !== "podman" && program !== "nerdctl") return undefined;
  const rest = afterOptions(all, DOCKER_GLOBAL);
  const [verb] = rest;
  if (verb === undefined) return undefined;
  if (verb === "compose") return composeVerb(rest);
  const nested = verb === "container" || verb === "image";
  const own = nested ? rest.slice(1) : rest;
  return { engine: "docker", verb: own[0] ?? "", rest: own, options: [] };
}

function composeVerb(all: readonly string[]): DockerVerb | undefined {
  const rest = afterOptions(all, COMPOSE_GLOBAL);
  const [verb] = rest;
  if (verb === undefined) return undefined;
  return { engine: "compose", verb, rest, options: all.slice(1, all.length - rest.length) };
}

/** What follows a program's own options. The first word is the program. */
export function afterOptions(
  all: readonly string[],
  valued: ReadonlySet<string>,
): readonly string[] {
  let index = 1;
  while (index < all.length) {
    const word = all[index] ?? "";
    if (word === "--") return all.slice(index + 1);
    if (!word.startsWith("-") || word === "-") break;
    index += valued.has(word) ? 2 : 1;
  }
  return all.slice(index);
}

/** The value of an option, `--name value`, `--name=value` or `-nvalue`. */
export function optionOf(all: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [index, word] of all.entries()) {
    for (const name of names) {
      if (word === name) return all[index + 1];
      if (name.startsWith("--") && word.startsWith(`${name}=`)) return word.slice(name.length + 1);
      if (/^-[A-Za-z]$/.test(name) && word.startsWith(name)) return word.slice(2);
    }
  }
  return undefined;
}

/** Texts that another shell reads: `sh -c '…'`, `ssh host '…'`, `eval …`, `ssh host <<EOF`. */
export function carriedTexts(command: {
  readonly line: number;
  readonly words: readonly string[];
  readonly wordLines: readonly number[];
  readonly expanded: readonly string[];
  readonly redirects: readonly {
    readonly body?: { readonly text: string; readonly line: number };
  }[];
}): readonly { readonly text: string; readonly line: number }[] {
  const invocation = invocationOf(command.expanded);
  if (invocation === undefined) return [];
  const { program, args, place } = invocation;
  const lineOf = (text: string): number =>
    command.wordLines[command.words.indexOf(text)] ??
    command.wordLines[command.expanded.indexOf(text)] ??
    command.line;
  const bodies = command.redirects.flatMap(({ body }) => body ?? []);
  if (SHELLS.has(program) || program === "su" || program === "runuser") {
    const index = args.findIndex((word) => /^-[a-z]*c$/.test(word) || word === "--command");
    const text = index < 0 ? undefined : args[index + 1];
    return text === undefined ? bodies : [{ text, line: lineOf(text) }];
  }
  if (program === "eval") return [{ text: args.join(" "), line: command.line }];
  if (place.type !== "remote") return [];
  if (program === "ssh") return bodies;
  // ssh joins its words and gives them to the other side's shell.
  const isText = args.length === 0 && /\s/.test(program) ? program : undefined;
  const whole = command.expanded.find((word) => baseName(word) === isText);
  return whole === undefined ? [] : [{ text: whole, line: lineOf(whole) }];
}

function withoutAssignments(all: readonly string[]): readonly string[] {
  let index = 0;
  while (/^[A-Za-z_]\w{0,100}=/.test(all[index] ?? "")) index += 1;
  return index === 0 ? all : all.slice(index);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ""));
}
