import type { InstanceId } from "../record/step.ts";

/** A release that ends this often before it was ready once will not get ready by waiting. */
export const ENDS_MAX = 3;

/** Why it is given up then, in the same words whoever sees it first. */
export function staysDown(instance: InstanceId, { last }: { readonly last: string | undefined }) {
  const because = last ?? "it ended";
  return `${instance} does not stay up: ${because}, ${ENDS_MAX} times before it was ready`;
}
