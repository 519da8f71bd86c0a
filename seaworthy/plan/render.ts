import { refuse, ok, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import type { ObjectiveName } from "../system/system.ts";
import type { FieldChange, Plan, PlanAction, PlanStep } from "./plan.ts";

/** Version of a plan's JSON form; a newer one is refused. */
const SCHEMA_VERSION = 1;

const SIGN: Readonly<Record<PlanAction, string>> = {
  create: "+",
  roll: "~",
  scale: "~",
  configure: "~",
  "run-job": "+",
  remove: "-",
  repair: "!",
  restart: "~",
};

/** For people, one line a string: `+` new, `~` changed, `-` removed, `!` repaired. */
export function planText(plan: Plan): readonly string[] {
  if (plan.steps.length === 0) return ["nothing to do: what runs is what is declared"];
  const { failedRequests, extraInstances, seconds } = plan.expect;
  const cut = failedRequests === 0 ? "no failed request" : `up to ${failedRequests} cut requests`;
  // Its sockets are closed by the one and bound by the other.
  const isMoved = plan.steps.some(({ fields }) => fields.some(isProvider));
  const lost = isMoved ? `connections refused for a moment by the edge, ${cut} beyond that` : cut;
  const extra = `${extraInstances} extra ${extraInstances === 1 ? "instance" : "instances"}`;
  const lines = [`expected: ${lost}, ${extra}, about ${seconds} s (an estimate)`];
  if (plan.losesEvidence.length > 0) {
    lines.push(`loses its evidence: ${plan.losesEvidence.join(", ")} (drill again)`);
  }
  return [...plan.steps.flatMap(stepText), ...lines];
}

function isProvider({ path }: FieldChange): boolean {
  return path === "edge.provider";
}

function stepText(step: PlanStep): readonly string[] {
  const { action, unit, replicas } = step;
  const releases = [step.from, step.to].filter((id) => id !== undefined);
  const which = action === "configure" ? "" : ` ${[...new Set(releases)].join(" → ")}`;
  const count =
    replicas.from === replicas.to ? `×${replicas.to}` : `×${replicas.from} → ×${replicas.to}`;
  const many = action === "run-job" || action === "configure" ? "" : ` ${count}`;
  const head = `${SIGN[action]} ${action} ${unit}${which.trimEnd()}${many}: ${step.reason}`;
  return [head, ...step.fields.map((field) => `    ${fieldText(field)}`)];
}

function fieldText({ path, from, to }: FieldChange): string {
  if (from === undefined) return `+ ${path} ${short(to ?? "")}`;
  if (to === undefined) return `- ${path} ${short(from)}`;
  return `~ ${path} ${short(from)} → ${short(to)}`;
}

/** Values come from a declaration, which may hold whole files: one line, and not a long one. */
function short(value: string): string {
  const line = JSON.stringify(value).slice(1, -1);
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
}

/** The shape of cli.md; `readPlan` reads it back. */
export function planJson(plan: Plan): object {
  const ends = <Change extends { from: string | undefined; to: string | undefined }>(
    change: Change,
  ) => ({ ...change, from: change.from ?? null, to: change.to ?? null });
  return {
    schemaVersion: SCHEMA_VERSION,
    ...plan,
    environment: plan.environment ?? null,
    steps: plan.steps.map((one) => ({ ...ends(one), fields: one.fields.map(ends) })),
  };
}

/** A plan file that `plan --out` wrote; says why it is none. */
export function readPlan(text: string): Result<Plan, string> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return refuse("it is no JSON");
  }
  const version = z.object({ schemaVersion: z.int() }).safeParse(data);
  if (!version.success) return refuse("it has no schemaVersion");
  if (version.data.schemaVersion > SCHEMA_VERSION) {
    return refuse(`a newer seaworthy wrote it (schemaVersion ${version.data.schemaVersion})`);
  }
  const parsed = planSchema.safeParse(data);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return refuse(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`);
}

const action: z.ZodType<PlanAction> = z.enum([
  "create",
  "roll",
  "scale",
  "configure",
  "run-job",
  "remove",
  "repair",
  "restart",
]);

const objective: z.ZodType<ObjectiveName> = z.enum([
  "availability",
  "latency.p95",
  "latency.p99",
  "errors",
  "recovery.time",
]);

/** JSON knows no undefined: it is null there, and was left out by the first writers. */
const maybeText = z
  .string()
  .nullish()
  .transform((value): string | undefined => value ?? undefined);

const field = z
  .object({ path: z.string(), from: maybeText, to: maybeText })
  .transform(({ path, from, to }): FieldChange => ({ path, from, to }));

const step = z
  .object({
    id: z.string(),
    action,
    unit: z.string(),
    from: maybeText,
    to: maybeText,
    replicas: z.object({ from: z.int(), to: z.int() }),
    renewFrom: z.int().exactOptional(),
    deadlineMs: z.number(),
    reason: z.string(),
    fields: z.array(field),
  })
  .transform(({ from, to, ...rest }): PlanStep => ({ ...rest, from, to }));

const planSchema = z
  .object({
    system: z.string(),
    environment: maybeText,
    target: z.string(),
    basis: z.object({ declaration: z.string(), observed: z.string() }),
    steps: z.array(step),
    expect: z.object({
      failedRequests: z.number(),
      extraInstances: z.number(),
      seconds: z.number(),
    }),
    losesEvidence: z.array(objective),
  })
  .transform(({ environment, ...rest }): Plan => ({ ...rest, environment }));
