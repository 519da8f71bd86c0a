import { imageFacts } from "../../../catalogues/images/images.ts";
import { dockerfileOf } from "../../../facts/containers/compose-build.ts";
import { stagesTo, type Stage } from "../../../facts/containers/dockerfile.ts";
import { scriptOf, shellWords } from "../../../facts/containers/words.ts";
import type { Component, ProbeFact } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, placesOf } from "./intent.ts";
import { commandText, versionOf } from "./stores.ts";

export const probeCannotSucceed: FileRule = {
  name: "probe-cannot-succeed",
  summary: "a health check runs a command that can never succeed in its container",
  check: (unit) => {
    const failing = unit.facts.of("component").flatMap((component) =>
      component.probes.flatMap((probe): readonly Failing[] => {
        const fault = faultOf(unit, component, probe);
        return fault === undefined ? [] : [{ component, probe, fault }];
      }),
    );
    return byFile(failing, ({ component }) => component.at).flatMap((group) => {
      const messages = [...new Set(group.map(({ fault }) => fault.message))];
      return messages.flatMap((message) =>
        found(
          unit,
          group.filter(({ fault }) => fault.message === message),
        ),
      );
    });
  },
};

interface Fault {
  readonly message: string;
  readonly fix: string;
  readonly other: Location | undefined;
}

interface Failing {
  readonly component: Component;
  readonly probe: ProbeFact;
  readonly fault: Fault;
}

function found(unit: Unit, group: readonly Failing[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const { component, probe, fault } = first;
  const names = [...new Set(group.map((one) => one.component.name))];
  const waiting = unit.facts
    .of("component")
    .filter(({ dependsOn }) =>
      dependsOn.some(
        ({ value }) => names.includes(value.name) && value.condition === "service_healthy",
      ),
    );
  const isHard = component.platform === "kubernetes" || waiting.length > 0;
  const isLive = isForProduction(unit, component.at) && isForProduction(unit, probe.at);
  return [
    {
      severity: !isLive ? "note" : isHard ? "error" : "warning",
      message: `${listed(names)}: ${fault.message}`,
      places: placesOf(probe.at, [
        ...rest.map((one) => one.probe.at),
        ...group.flatMap((one) => one.fault.other ?? []),
        ...waiting.slice(0, 1).map(({ at }) => at),
      ]),
      why: consequence(
        component,
        probe,
        waiting.map(({ name }) => name),
      ),
      fix: fault.fix,
    },
  ];
}

function consequence(component: Component, probe: ProbeFact, waiting: readonly string[]): string {
  if (component.platform === "kubernetes") {
    return probe.purpose === "readiness"
      ? "the pod never becomes ready: it gets no traffic, and no rollout ever ends"
      : "the pod is killed and started again for ever";
  }
  if (waiting.length > 0) return `${waiting.join(", ")} wait for it to be healthy and never start`;
  return (
    "the container is `unhealthy` for ever: whatever waits for health never starts, Swarm kills " +
    "it, and a real failure looks like every other day"
  );
}

function faultOf(unit: Unit, component: Component, { check }: ProbeFact): Fault | undefined {
  if (check.type !== "exec" || check.command.length === 0) return undefined;
  const alternatives = alternativesOf(check.command);
  const faults = alternatives.map((commands) => {
    for (const words of commands) {
      const fault = absent(unit, component, words) ?? refused(component, words, commands);
      if (fault !== undefined) return fault;
    }
    return undefined;
  });
  // One alternative that works is enough.
  return faults.includes(undefined) ? undefined : faults[0];
}

/** What stands between `||`, each a list of commands that all have to succeed. */
function alternativesOf(command: readonly string[]): readonly (readonly (readonly string[])[])[] {
  const script = scriptOf(command);
  if (script === undefined) return [[command]];
  const shell = command.slice(0, 1);
  const alternatives = script
    .slice(0, 10_000)
    .split("||")
    .map((part) => part.split(/&&|[;|\n]/).map((one) => plainWords(one)))
    .map((commands) => commands.filter(([program]) => program !== undefined))
    .filter((commands) => commands.some(([program = ""]) => !GIVING_UP.has(program)));
  return alternatives.map((commands) => [shell, ...commands]);
}

const GIVING_UP: ReadonlySet<string> = new Set(["exit", "false", "kill"]);

/** Without assignments, parentheses and keywords in front of the program. */
function plainWords(text: string): readonly string[] {
  const words = shellWords(text.replace(/^[\s({!]+|[\s)}]+$/g, ""));
  const first = words.findIndex((word) => !/^\w+=/.test(word) && !KEYWORDS.has(word));
  return first < 0 ? [] : words.slice(first);
}

const KEYWORDS: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "while",
  "do",
  "exec",
  "timeout",
]);

function absent(unit: Unit, component: Component, words: readonly string[]): Fault | undefined {
  const [program = ""] = words;
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (name === "" || /[$`]/.test(program)) return undefined;
  const dockerfile = dockerfileOf(component, unit.repository.documents);
  const image = dockerfile === undefined ? component.image?.value : undefined;
  if (component.build !== undefined && dockerfile === undefined) return undefined;
  const where =
    dockerfile === undefined
      ? fromImage(image, name)
      : fromDockerfile(stagesTo(dockerfile, component.build?.value.target), name);
  if (where === undefined) return undefined;
  const at = dockerfile === undefined ? component.image?.at : where.at;
  return {
    message: `the check runs ${name}, which ${where.image} does not have`,
    fix: insteadOf(name, where.image, words),
    other: at,
  };
}

interface Without {
  readonly image: string;
  readonly at?: Location;
}

function fromImage(image: string | undefined, program: string): Without | undefined {
  if (image === undefined || image.includes("$")) return undefined;
  const facts = imageFacts(image);
  if (program === "mongo" && facts?.repository === "mongo") {
    const major = Number(versionOf(image)?.split(".")[0]);
    return major >= 6 ? { image } : undefined;
  }
  return facts?.has(program) === false ? { image } : undefined;
}

/** The last stage is what runs: its base has to have the program, or something has to bring it. */
function fromDockerfile(chain: readonly Stage[] | undefined, program: string): Without | undefined {
  if (chain === undefined) return undefined;
  const [base] = chain;
  if (base === undefined || fromImage(base.from.value, program) === undefined) return undefined;
  const isBrought = chain
    .flatMap(({ instructions }) => instructions)
    .some(({ keyword, text, flags }) => {
      if (keyword === "RUN") {
        return (BRINGS.test(text) && mentions(text, program)) || INSTALLER.test(text);
      }
      return ["COPY", "ADD"].includes(keyword) && (mentions(text, program) || isTool(flags, text));
    });
  return isBrought ? undefined : { image: base.from.value, at: base.from.at };
}

const BRINGS = /\b(?:install|add|curl|wget|ln|cp|mv|tar|dpkg|rpm|setup)\b/;

/** A product's own installer: `./install.sh`, `/opt/shop/scripts/setup/install`. */
const INSTALLER =
  /(?:^|[\s;&|"'])(?:\.{0,2}\/)[\w./-]{0,200}(?:install|setup|provision)(?:\.sh)?(?=[\s;&|"']|$)/;

/** Packages that bring a program of another name. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  nc: /\b(?:netcat|nmap-ncat|ncat|nc)\b/,
  psql: /postgresql|psql/,
  pg_isready: /postgresql/,
  mysqladmin: /mysql-client|mariadb|mysql/,
  "redis-cli": /redis/,
};

function mentions(text: string, program: string): boolean {
  return (
    PACKAGES[program]?.test(text) ??
    new RegExp(`\\b${program.replace(/\W/g, "\\$&")}\\b`).test(text)
  );
}

/** Whole folders of programs may be copied from another stage. */
function isTool(flags: ReadonlyMap<string, string>, text: string): boolean {
  return flags.has("from") && /(?:^|\s)\/(?:usr\/(?:local\/)?)?(?:s?bin|lib)?\/?\s/.test(text);
}

function insteadOf(program: string, image: string, words: readonly string[]): string {
  const url = words.find((word) => /^https?:/.test(word));
  const has = (other: string) => imageFacts(image)?.has(other) === true;
  if (program === "curl" && url !== undefined && has("wget")) {
    return `test: ["CMD", "wget", "-q", "--spider", "${url}"]`;
  }
  if (program === "wget" && url !== undefined && has("curl")) {
    return `test: ["CMD", "curl", "-fsS", "${url}"]`;
  }
  if (program === "mongo") return "call mongosh, which replaced it";
  return `install ${program} in the image, or check with a program that is in it`;
}

/** A client that is asked for a password which it does not bring. */
function refused(
  component: Component,
  words: readonly string[],
  commands: readonly (readonly string[])[],
): Fault | undefined {
  const [program = "", ...rest] = words;
  const given = rest.join(" ");
  const password = component.environment.get("MYSQL_ROOT_PASSWORD");
  if (program === "mysql" || program === "mariadb") {
    const brings = /(?:^|\s)(?:-p|--password|--defaults|--login-path|-u\s?\S)/.test(given);
    if (password === undefined || brings || component.environment.has("MYSQL_PWD"))
      return undefined;
    return {
      message: `the check calls ${program} without a password, and root has one`,
      fix: "mysqladmin ping -h 127.0.0.1, which needs none, or a --defaults-file with the password",
      other: password.at,
    };
  }
  if (program !== "redis-cli" || !/--requirepass\s+\S/.test(commandText(component)))
    return undefined;
  const brings = /(?:^|\s)(?:-a|--pass|--user|-u)(?:\s|$)/.test(given);
  const isRead = commands.some(([name = ""]) => name === "grep");
  if (brings || !isRead || component.environment.has("REDISCLI_AUTH")) return undefined;
  return {
    message: "the check calls redis-cli without the password, and looks for PONG",
    fix: "set REDISCLI_AUTH in the environment, which redis-cli reads by itself",
    other: component.command?.at,
  };
}
