import type { Problem } from "../document.ts";
import { nodeAt, textAt, type Node } from "../node.ts";
import { routesIn, type AlertmanagerDocument, type Receiver, type Route } from "./alertmanager.ts";

/** What Alertmanager refuses beyond unknown fields: config/config.go, `UnmarshalYAML` (0.34.0). */
export function alertmanagerProblems(document: AlertmanagerDocument): readonly Problem[] {
  const { root, route, receivers } = document;
  return [
    ...rootProblems(route),
    ...undefinedReceivers(route, receivers),
    ...sameReceivers(receivers),
    ...receivers.flatMap((receiver) => incomplete(root, receiver)),
  ];
}

function rootProblems({ at, receiver, matchers }: Route): readonly Problem[] {
  const problems: Problem[] = [];
  if (receiver === undefined) {
    problems.push({
      at,
      message: "the root route names no receiver: Alertmanager refuses the file",
      fix: "Give the root route a `receiver:`.",
    });
  }
  const [matcher] = matchers;
  if (matcher !== undefined) {
    problems.push({
      at: matcher.at,
      message: "the root route has matchers, which Alertmanager refuses: it takes every alert",
      fix: "Move the matchers to a route below it.",
    });
  }
  return problems;
}

function undefinedReceivers(route: Route, receivers: readonly Receiver[]): readonly Problem[] {
  const names = receivers.map(({ name }) => name);
  const said = new Set<string>();
  return routesIn(route).flatMap(({ receiver }): Problem[] => {
    if (receiver === undefined || names.includes(receiver.value) || said.has(receiver.value)) {
      return [];
    }
    said.add(receiver.value);
    const name = JSON.stringify(receiver.value);
    return [
      {
        at: receiver.at,
        message: `a route names the receiver ${name}, which is not defined`,
        fix: `Define it under \`receivers:\`, or name one of ${names.slice(0, 6).join(", ")}.`,
      },
    ];
  });
}

function sameReceivers(receivers: readonly Receiver[]): readonly Problem[] {
  const seen = new Set<string>();
  return receivers.flatMap(({ name, at }): Problem[] => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `two receivers are called ${JSON.stringify(name)}: Alertmanager refuses`;
    return [{ at, message, fix: "Merge the two, or give the second a name of its own." }];
  });
}

/** One of these must be in the integration, or one of those in `global`. */
const NEEDED: Readonly<Record<string, { readonly own: string; readonly global: string }>> = {
  slack_configs: {
    own: "api_url api_url_file app_token app_token_file http_config",
    global: "slack_api_url slack_api_url_file slack_app_token slack_app_token_file",
  },
  email_configs: { own: "smarthost", global: "smtp_smarthost" },
  webhook_configs: { own: "url url_file", global: "" },
  pagerduty_configs: {
    own: "routing_key routing_key_file service_key service_key_file",
    global: "",
  },
  opsgenie_configs: {
    own: "api_key api_key_file http_config",
    global: "opsgenie_api_key opsgenie_api_key_file",
  },
};

function incomplete(root: Node, receiver: Receiver): readonly Problem[] {
  return receiver.integrations.flatMap(({ type, node, at }): Problem[] => {
    const needed = NEEDED[type];
    if (needed === undefined || node.type !== "map") return [];
    const own = needed.own.split(" ").filter((key) => nodeAt(node, key) !== undefined);
    const global = needed.global
      .split(" ")
      .filter((key) => textAt(root, "global", key) !== undefined);
    if (own.length > 0 || global.length > 0) return [];
    const name = type.replace("_configs", "");
    return [
      {
        at,
        message: `the ${name} receiver ${receiver.name} does not say where to send`,
        fix: `Add ${needed.own.split(" ").slice(0, 2).join(" or ")}; without, it does not start.`,
      },
    ];
  });
}
