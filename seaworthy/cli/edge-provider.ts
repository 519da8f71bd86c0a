import type { Finding } from "../system/finding.ts";
import { frontReady, installLine, seeFrontProgram } from "../targets/local/edge-program.ts";
import type { Context } from "./context.ts";
import type { OpenSystem } from "./open-system.ts";

const PROVIDERS = ["haproxy", "nginx"] as const;

/** Throws (exit 9) where the declared provider of the edge is not here: nothing was begun then. */
export async function refuseMissingProvider(system: OpenSystem, context: Context): Promise<void> {
  const provider = system.graph.edge?.provider ?? "gateway";
  if (provider === "gateway" || system.graph.platform !== "local") return;
  await frontReady(provider, context.environment["PATH"]);
}

/**
 * Which programs could be the edge here; one that the declaration needs and lacks is an error.
 * Besides the search path they are looked for where administrators' programs lie.
 */
export async function providerFindings(
  context: Pick<Context, "environment">,
  declared?: string,
  systemFolders?: readonly string[],
): Promise<readonly Finding[]> {
  return await Promise.all(
    PROVIDERS.map(async (name) => {
      const seen = await seeFrontProgram(name, context.environment["PATH"], systemFolders);
      const isFine = seen?.isNewEnough === true;
      const what = seen === undefined ? "not installed" : `${seen.version ?? ""} at ${seen.path}`;
      return {
        rule: `machine-${name}`,
        severity: declared === name && !isFine ? "error" : "note",
        message: isFine ? `${name} ${what}: it can be the edge` : `${name}: ${what}`,
        places: declared === name ? [{ path: "edge.provider" }] : [],
        why: isFine ? "" : `edge.provider: "${name}" needs it`,
        fix: isFine ? "" : installLine(name),
      };
    }),
  );
}
