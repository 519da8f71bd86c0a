import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { scriptsOf } from "./scripts-of.ts";

const AUTOSCALING = /auto-?scal|自动伸缩|自动扩缩|弹性伸缩/i;

/** A document promises autoscaling, and its manifests have no autoscaler. */
export function promisedAutoscaling({ repository }: Unit): readonly Found[] {
  const objects = repository.documents.of("manifest").flatMap((document) => document.objects);
  const workload = objects.find(({ kind }) => kind === "Deployment");
  const promise = repository.facts
    .of("pledge")
    .find(({ what, text }) => what === "feature" && AUTOSCALING.test(text));
  if (workload === undefined || promise === undefined) return [];
  if (objects.some(({ kind }) => /^(?:HorizontalPodAutoscaler|ScaledObject)$/.test(kind)))
    return [];
  const commanded = scriptsOf(repository).some(({ shell }) =>
    shell.commands.some(({ expanded }) => expanded.includes("autoscale")),
  );
  if (commanded) return [];
  return [
    {
      severity: "warning",
      message: `autoscaling is promised, and no manifest here scales \`${workload.name}\``,
      places: [promise.at],
      why: "Under load the number of instances stays what it is, and whoever relies on it waits.",
      fix: "Add a HorizontalPodAutoscaler, or take the promise out.",
    },
  ];
}
