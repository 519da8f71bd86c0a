import { apiRemoval } from "../../../catalogues/removed/removed.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { entriesAt, entryAt } from "../../../facts/node.ts";
import type { Edit } from "../file-rule.ts";

/**
 * APIs whose successor has the same fields with the same meaning: "no notable changes" in
 * https://kubernetes.io/docs/reference/using-api/deprecation-guide/ (read for v1.34).
 */
const SAME_FIELDS: ReadonlySet<string> = new Set([
  "batch/v1beta1 CronJob",
  "extensions/v1beta1 NetworkPolicy",
  "node.k8s.io/v1beta1 RuntimeClass",
  "policy/v1beta1 PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1beta1 ClusterRole",
  "rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding",
  "rbac.authorization.k8s.io/v1beta1 Role",
  "rbac.authorization.k8s.io/v1beta1 RoleBinding",
  "scheduling.k8s.io/v1beta1 PriorityClass",
  "storage.k8s.io/v1beta1 StorageClass",
]);

/** One line an object, where all of them only change their version's name; else none. */
export function versionEdits(objects: readonly KubeObject[]): readonly Edit[] {
  const edits = objects.flatMap((object) => versionEdit(object) ?? []);
  return edits.length === objects.length ? edits : [];
}

function versionEdit(object: KubeObject): Edit | undefined {
  const { apiVersion, kind, file, root, template } = object;
  const replacement = apiRemoval(object)?.replacement;
  const line = entryAt(root, "apiVersion")?.line;
  const isPlain = !template && file.origin === undefined;
  if (!isPlain || line === undefined || replacement === undefined) return undefined;
  if (!SAME_FIELDS.has(`${apiVersion} ${kind}`) || isChanged(object)) return undefined;
  const text = file.text.split("\n")[line - 1]?.replace(/\r$/, "");
  if (text?.includes(apiVersion) !== true) return undefined;
  const lines = [text.replace(apiVersion, replacement)];
  return { file: file.path, from: line, to: line, lines };
}

/** The one change: a budget's empty selector took no pod, and takes all of them in `policy/v1`. */
function isChanged({ kind, root }: KubeObject): boolean {
  if (kind !== "PodDisruptionBudget") return false;
  return entriesAt(root, "spec", "selector").length === 0;
}
