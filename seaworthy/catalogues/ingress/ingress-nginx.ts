import { once } from "../once.ts";
import file from "./ingress-nginx.json" with { type: "json" };

const names = once<ReadonlySet<string>>(() => new Set(file.annotations));

/**
 * Every annotation the controller reads, for a suggestion of the nearest one; here and below
 * without the prefix `nginx.ingress.kubernetes.io/`.
 */
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
