import { wholeRate } from "../plan/whole-rate.ts";
import type { Finding } from "../system/finding.ts";
import { joinPath } from "../system/path.ts";
import type { Edge, Sources } from "../system/system.ts";
import type { Rule } from "./rule.ts";

/** What the declared provider of the edge does otherwise than declared, or not at all. */
export const edgeProviderGap: Rule = {
  name: "edge-provider-gap",
  check: ({ parsed }) => {
    const { edge } = parsed.system;
    if (edge === undefined || edge.provider === "gateway") return [];
    const gaps = edge.provider === "haproxy" ? haproxyGaps(edge) : nginxGaps(edge);
    return gaps.map((gap) => finding(edge, gap, parsed.sources));
  },
};

interface Gap {
  /** As it is written in a declaration, and as the canonical form calls it. */
  readonly path: string;
  readonly canonical: string;
  readonly message: string;
  readonly fix: string;
  /** What would be served is not what is declared, whoever wrote it. */
  readonly isWrong?: true;
}

/** An error where it would be wrong; a warning where somebody wrote it; a note where nobody did. */
function finding({ provider }: Edge, gap: Gap, sources: Sources): Finding {
  const isDeclared = sources[gap.canonical] === "declared";
  return {
    rule: "edge-provider-gap",
    severity: gap.isWrong === true ? "error" : isDeclared ? "warning" : "note",
    message: `${provider}: ${gap.message}`,
    places: [{ path: gap.path }, { path: "edge.provider" }],
    why: "What a provider cannot do is believed to be done, because it stands in the declaration.",
    fix: `${gap.fix}, or use provider: "gateway".`,
  };
}

function haproxyGaps(edge: Edge): readonly Gap[] {
  return [
    ...silence(edge),
    {
      ...{ path: "edge.limits.body", canonical: "edge.limits.bodyBytes" },
      message: "a body that comes in chunks, without its length, is not held to the limit",
      fix: "Limit it in the service as well",
    },
  ];
}

function nginxGaps(edge: Edge): readonly Gap[] {
  const { rate, connectionsPerClient } = edge.limits;
  return [
    ...silence(edge),
    ...(rate === undefined || wholeRate(rate).isExact ? [] : [unevenRate(rate)]),
    ...(connectionsPerClient === undefined
      ? []
      : [
          {
            ...same("edge.limits.connectionsPerClient"),
            message: "only connections with a request under way are counted, idle ones are not",
            fix: "Count on it for requests at a time alone",
          },
        ]),
    ...edge.routes.flatMap(strangeHeader),
    {
      ...same("edge.provider"),
      message:
        "it asks no instance for its health: one that fails its ready check leaves the routes " +
        "by a reload; and what was in flight on a broken instance is not known to drills",
      fix: "Expect half a second more until a frozen instance is left out",
    },
  ];
}

function same(path: string): Pick<Gap, "path" | "canonical"> {
  return { path, canonical: path };
}

function fieldOf(prefix: string, field: string): string {
  return joinPath(joinPath("edge.routes", prefix), field);
}

/** One time-out for the first byte of an answer and for silence inside it. */
function silence({ routes }: Edge): readonly Gap[] {
  return routes
    .filter(({ idleMs, tryTimeoutMs }) => idleMs > tryTimeoutMs)
    .map(({ prefix }) => ({
      path: fieldOf(prefix, "idle"),
      canonical: fieldOf(prefix, "idleMs"),
      message:
        `an answer on \`${prefix}\` that is silent for longer than tryTimeout (timeout, where it ` +
        "may not be repeated) is cut, unless the request accepts text/event-stream",
      fix: "Let long answers be event streams, or make tryTimeout as long as their silence",
    }));
}

function unevenRate(rate: NonNullable<Edge["limits"]["rate"]>): Gap {
  const { requests } = wholeRate(rate);
  return {
    ...same("edge.limits.rate"),
    message: `it knows whole requests a second or a minute: the rate would be ${requests}/min`,
    fix: `Declare rate: "${requests}/min"`,
    isWrong: true,
  };
}

/** A header is a variable of nginx, of letters, digits and underscores. */
function strangeHeader({ prefix, hashBy }: Edge["routes"][number]): readonly Gap[] {
  if (hashBy?.by !== "header" || /^[a-z0-9_-]+$/.test(hashBy.name)) return [];
  return [
    {
      ...same(fieldOf(prefix, "hashBy")),
      message: `it cannot read a header that is called \`${hashBy.name}\``,
      fix: "Name the header with letters, digits and dashes",
      isWrong: true,
    },
  ];
}
