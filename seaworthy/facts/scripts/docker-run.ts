import type { Component, EnvironmentEntry, MountFact, PortFact } from "../fact.ts";
import type { Location } from "../source.ts";
import { invocationOf, type Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";

/** A container that a script starts and leaves running; one that works and goes is no component. */
export function runComponent(words: readonly string[], at: Location): readonly Component[] {
  const run = invocationOf(words);
  if (run?.place.type !== "container" || run.place.engine !== "run") return [];
  const { options, name: image } = run.place;
  const flags = flagsOf(options);
  if (image === "" || !flags.some(({ name }) => name === "-d" || name === "--detach")) return [];
  const all = (...names: readonly string[]): readonly string[] =>
    flags.flatMap(({ name, value }) =>
      names.includes(name) && value !== undefined ? [value] : [],
    );
  const [named] = all("--name");
  const networks = all("--network", "--net");
  const memory = all("-m", "--memory").map(bytesOf)[0];
  const [user] = all("-u", "--user");
  const name = named === undefined ? baseOf(image) : patternOf(named);
  const component: Component = {
    kind: "component",
    at,
    platform: "docker-run",
    name,
    hostNames:
      named === undefined || name.includes("*")
        ? []
        : [name, ...all("--network-alias", "--hostname", "-h")],
    ...(named === undefined ? {} : { containerName: { value: name, at } }),
    image: { value: image, at },
    ports: all("-p", "--publish").flatMap((text) => portOf(text, at)),
    environment: new Map(all("-e", "--env").map((text) => environmentOf(text, at))),
    environmentFiles: all("--env-file").map((value) => ({ value, at })),
    mounts: all("-v", "--volume").flatMap((text) => mountOf(text, at)),
    ...commandOf(run, image, at),
    ...(user === undefined ? {} : { user: { value: user, at } }),
    ...(memory === undefined ? {} : { memoryLimitBytes: { value: memory, at } }),
    probes: [],
    networks,
    hostNetwork: networks.includes("host"),
    dependsOn: [],
    labels: new Map(),
    annotations: new Map(),
  };
  return [component];
}

function commandOf(run: Invocation, image: string, at: Location): Pick<Component, "command"> {
  const isImage = run.args.length === 0 && baseOf(image) === baseOf(run.program);
  const none = isImage || run.program === "docker" || run.program === "podman";
  return none ? {} : { command: { value: [run.program, ...run.args], at } };
}

interface Flag {
  readonly name: string;
  readonly value?: string;
}

/** `--name=a`, `--name a`, `-v a`, `-dit`; up to the image. */
function flagsOf(options: readonly string[]): readonly Flag[] {
  const flags: Flag[] = [];
  for (const [index, word] of options.entries()) {
    if (!word.startsWith("-")) continue;
    const equals = word.indexOf("=");
    if (word.startsWith("--") && equals > 0) {
      flags.push({ name: word.slice(0, equals), value: word.slice(equals + 1) });
    } else if (/^-[dit]{1,3}$/.test(word)) {
      for (const letter of word.slice(1)) flags.push({ name: `-${letter}` });
    } else {
      const value = options[index + 1];
      flags.push(value === undefined ? { name: word } : { name: word, value });
    }
  }
  return flags;
}

function portOf(text: string, at: Location): readonly PortFact[] {
  const [, address, host, inside = "", protocol] =
    /^(?:([0-9.]{7,15}|\[[0-9a-f:]{2,40}\]):)?(?:(\d{1,5})?:)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(
      text,
    ) ?? [];
  if (inside === "") return [];
  const published = {
    ...(address === undefined ? {} : { address }),
    ...(host === undefined ? {} : { port: Number(host) }),
  };
  return [{ at, port: Number(inside), protocol: protocol === "udp" ? "udp" : "tcp", published }];
}

function mountOf(text: string, at: Location): readonly MountFact[] {
  const [source = "", target = "", mode = ""] = text.split(":");
  if (target === "") return [];
  const isPath = /^[./~$]/.test(source);
  return [
    {
      at,
      type: isPath ? "bind" : "volume",
      source,
      target,
      readOnly: mode.split(",").includes("ro"),
    },
  ];
}

function environmentOf(text: string, at: Location): readonly [string, EnvironmentEntry] {
  const equals = text.indexOf("=");
  if (equals < 0) return [text, { at, from: { kind: "shell", name: text } }];
  return [text.slice(0, equals), { at, value: text.slice(equals + 1) }];
}

function bytesOf(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,12})([bkmg]?)$/i.exec(text) ?? [];
  if (digits === "") return undefined;
  return Number(digits) * 1_024 ** Math.max(0, "bkmg".indexOf(unit.toLowerCase()));
}

/** `registry/team/shop:1` → `shop`. */
function baseOf(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.split(/[:@]/, 1)[0] ?? last;
}
