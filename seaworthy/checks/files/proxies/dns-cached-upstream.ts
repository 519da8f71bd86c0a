import { at } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { NginxDirective, NginxDocument } from "../../../facts/proxies/proxies.ts";
import { hostAndPort } from "../../../facts/proxies/quantity.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

export const dnsCachedUpstream: FileRule = {
  name: "dns-cached-upstream",
  summary: "nginx resolves the name of a service with several instances once, at its start",
  check: (unit) => unit.documents.of("nginx").flatMap((document) => inDocument(unit, document)),
};

function inDocument(unit: Unit, document: NginxDocument): readonly Found[] {
  return [...walk(document.directives)].flatMap(({ directive, within }): readonly Found[] => {
    const address = addressOf(directive, within);
    if (address === undefined) return [];
    const target = unit.resolve(hostAndPort(address).host);
    if (target.state !== "component" || target.component.platform !== "compose") return [];
    const { replicas, name } = target.component;
    if (replicas === undefined || replicas.value < 2) return [];
    return [
      {
        severity: "warning",
        message: `nginx resolves ${name} once, while it has ${replicas.value} instances`,
        places: [at(document.file, directive.line), replicas.at],
        why:
          "after an instance is made anew nginx goes on asking the old address: 502 until it is " +
          "reloaded; and instances added later get no request",
        fix: "resolver 127.0.0.11 valid=10s; and a variable in proxy_pass, or `resolve`",
      },
    ];
  });
}

/** `server name:port` of an upstream without `resolve`, or `proxy_pass http://name:port`. */
function addressOf(
  { name, words, block }: NginxDirective,
  within: readonly NginxDirective[],
): string | undefined {
  const [first = "", ...rest] = words;
  if (name === "server" && block === undefined && within.at(-1)?.name === "upstream") {
    return rest.includes("resolve") ? undefined : first;
  }
  if (name !== "proxy_pass" || first.includes("$")) return undefined;
  return /^https?:\/\/([^/]+)/.exec(first)?.[1];
}
