import type { Component, PortFact } from "../../../facts/fact.ts";
import { invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { listed, scriptsOf, type Script } from "./scripts-of.ts";

/**
 * Docker publishes a port by rules of its own that stand before those of ufw and firewalld
 * (https://docs.docker.com/engine/network/packet-filtering-firewalls/, 28.0).
 */
export const firewallBypassed: FileRule = {
  name: "firewall-bypassed",
  summary: "a firewall rule for a port that Docker publishes around the firewall",
  check: (unit) => {
    if (isHandled(unit)) return [];
    const ports = publishedPorts(unit);
    const limits = ports.length === 0 ? [] : limitsOf(unit);
    const limited = [...new Set(limits.map(({ port }) => port))];
    return limited.flatMap((number) =>
      onePort(
        limits.filter(({ port }) => port === number),
        ports.filter((published) => published.number === number),
      ),
    );
  },
};

interface Published {
  readonly component: Component;
  readonly port: PortFact;
  readonly number: number;
}

interface Limit {
  readonly script: Script;
  readonly command: ShellCommand;
  readonly program: string;
  readonly port: number;
}

function publishedPorts({ repository: { facts } }: Unit): readonly Published[] {
  return facts.of("component").flatMap((component) => {
    if (component.platform !== "compose" && component.platform !== "docker-run") return [];
    return component.ports.flatMap((port) => {
      const number = port.published?.port;
      const { address } = port.published ?? {};
      if (number === undefined || (address !== undefined && address !== "0.0.0.0")) return [];
      return [{ component, port, number }];
    });
  });
}

/** The known ways around it. */
function isHandled({ repository }: Unit): boolean {
  return repository.documents.tree.files.some(
    ({ path, text }) =>
      /DOCKER-USER|ufw-docker/.test(text.slice(0, 200_000)) ||
      (path.endsWith("daemon.json") && /"iptables"\s{0,4}:\s{0,4}false/.test(text)),
  );
}

/** Ports that a script opens for some addresses only, or closes. */
function limitsOf({ repository }: Unit): readonly Limit[] {
  return scriptsOf(repository).flatMap((script) =>
    script.shell.commands.flatMap((command): readonly Limit[] => {
      const run = invocationOf(command.expanded);
      if (run === undefined) return [];
      const port = limitedPort(run.program, run.args.join(" ").slice(0, 500));
      return port === undefined ? [] : [{ script, command, program: run.program, port }];
    }),
  );
}

function limitedPort(program: string, text: string): number | undefined {
  const found = LIMITS.filter(([name]) => name === program).map(
    ([, words]) => words.exec(text)?.[1],
  );
  const port = Number(found.find((value) => value !== undefined));
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

const LIMITS: readonly (readonly [string, RegExp])[] = [
  ["ufw", /^(?:insert \d+ )?allow (?:proto \w+ )?from (?!any\b)\S+ to any port (\d{1,5})/],
  ["ufw", /^(?:deny|reject) (?:in )?(\d{1,5})(?:\/tcp)?$/],
  ["firewall-cmd", /source address='?(?!0\.0\.0\.0)[\d./:a-f]+'?.{0,60}port='?(\d{1,5})/],
  ["firewall-cmd", /port port='?(\d{1,5})'?.{0,40}(?:reject|drop)/],
  ["iptables", /^-[AI] INPUT\b.{0,80}--dport (\d{1,5})\b.{0,40}-j (?:DROP|REJECT)/],
  [
    "iptables",
    /^-[AI] INPUT\b.{0,80}-s (?!0\.0\.0\.0)\S+.{0,60}--dport (\d{1,5})\b.{0,40}-j ACCEPT/,
  ],
];

function onePort(limits: readonly Limit[], open: readonly Published[]): readonly Found[] {
  const [first, ...more] = open;
  const [limit] = limits;
  if (first === undefined || limit === undefined) return [];
  const { program, port } = limit;
  const rules = limits.slice(0, 3).map(({ script, command }) => script.place(command.line));
  const others = more.slice(0, 4).map((published) => published.port.at);
  const names = listed(open.map(({ component }) => component.name));
  return [
    {
      severity: "error",
      message:
        `\`${program}\` limits port ${String(port)}, and Docker publishes it for ${names} around ` +
        "that rule, on every address",
      places: [first.port.at, ...rules, ...others],
      why:
        "Docker's own rules come first: the port that everybody believes closed is open to the " +
        "internet.",
      fix:
        `Publish it on one address (\`127.0.0.1:${String(port)}:${String(first.port.port)}\`, ` +
        `or the ` +
        "internal one), or put the limit into the chain DOCKER-USER.",
    },
  ];
}
