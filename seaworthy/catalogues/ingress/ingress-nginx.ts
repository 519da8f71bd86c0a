import { once } from "../once.ts";
import file from "./ingress-nginx.json" with { type: "json" };

/** What annotations of the controller begin with, unless it was started with another prefix. */
export const INGRESS_NGINX_PREFIX = "nginx.ingress.kubernetes.io/";

const names = once<ReadonlySet<string>>(() => new Set(file.annotations));

/** Every annotation the controller reads, without prefix; for a suggestion of the nearest one. */
export function ingressAnnotations(): Iterable<string> {
  return names();
}

export function isIngressAnnotation(name: string): boolean {
  return names().has(name);
}

/** An annotation that is ignored: given up by a version, or never there. */
export interface IgnoredAnnotation {
  /** What does what it promises; undefined: nothing does. */
  readonly successor: string | undefined;
  /** The version that gave it up; `never`: there was none of that name. */
  readonly since: string;
}

/** Undefined: nothing is known of the name, which does not make it a right one. */
export function ignoredAnnotation(name: string): IgnoredAnnotation | undefined {
  for (const row of file.notAnnotations) {
    const [known, successor, since = ""] = row.split(" ");
    if (known === name) return { successor: successor === "-" ? undefined : successor, since };
  }
  return undefined;
}

export function ingressSources(): readonly string[] {
  return file.sources;
}
