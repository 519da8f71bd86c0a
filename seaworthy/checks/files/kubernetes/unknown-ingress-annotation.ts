import { entriesAt } from "../../../facts/node.ts";
import { ingressesOf } from "../../../facts/kubernetes/ingress.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { at } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import {
  INGRESS_NGINX_ANNOTATIONS,
  INGRESS_NGINX_MEANT,
} from "../../../catalogues/ingress/ingress-nginx-annotations.ts";

const PREFIX = "nginx.ingress.kubernetes.io/";

export const unknownIngressAnnotation: FileRule = {
  name: "unknown-ingress-annotation",
  summary: "an Ingress annotation that the controller does not know and silently ignores",
  check: ({ documents }) => ingressesOf(documents).flatMap(ofIngress),
};

function ofIngress(ingress: KubeObject): readonly Found[] {
  const unknown = entriesAt(ingress.root, "metadata", "annotations").flatMap(([key, { line }]) => {
    const name = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
    if (name === undefined || !/^[\w.-]{1,100}$/.test(name)) return [];
    return INGRESS_NGINX_ANNOTATIONS.has(name) ? [] : [{ name, at: at(ingress.file, line) }];
  });
  const [first, ...others] = unknown;
  if (first === undefined) return [];
  const meant = unknown.map(({ name }) => {
    const near = INGRESS_NGINX_MEANT.get(name) ?? nearest(name);
    return near === undefined ? `delete ${name}` : `${name}: write ${near}`;
  });
  return [
    {
      severity: isSample(ingress.file.path) ? "note" : "warning",
      message:
        `ingress-nginx has no annotation ${listed(unknown.map(({ name }) => name))}; ` +
        `Ingress ${ingress.name} is served without it`,
      places: [first.at, ...others.map((one) => one.at)],
      why:
        "the controller ignores an unknown annotation without a word: the limit, rewrite or " +
        "protection that it was meant to give is not there, and shows only when it is needed",
      fix: meant.join("; "),
    },
  ];
}

/** The known annotation that differs by at most three letters. */
function nearest(name: string): string | undefined {
  const near = [...INGRESS_NGINX_ANNOTATIONS]
    .map((known) => ({ known, distance: distance(name, known) }))
    .toSorted((one, two) => one.distance - two.distance)[0];
  return near === undefined || near.distance > 3 ? undefined : near.known;
}

/** Letters to add, drop or change (Levenshtein). */
function distance(one: string, two: string): number {
  let row = Array.from({ length: two.length + 1 }, (_, index) => index);
  for (let left = 0; left < one.length; left += 1) {
    const next = [left + 1];
    for (let right = 0; right < two.length; right += 1) {
      const change = (row[right] ?? 0) + (one[left] === two[right] ? 0 : 1);
      next.push(Math.min(change, (row[right + 1] ?? 0) + 1, (next[right] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
