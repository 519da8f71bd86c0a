import { z } from "zod";
import type { Fault, FaultHandle, ProcessIdentity } from "./fault.ts";
import { amount, count, list, orUndefined, schemaOf } from "./schema-parts.ts";
import type { Step, StepResult } from "./step.ts";

const processSchema = schemaOf<ProcessIdentity>()(
  z.object({ pid: z.int().min(1), startTicks: z.string(), bootId: z.string() }),
);

const faultSchema = schemaOf<Fault>()(
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("kill"), instance: z.string() }),
    z.object({ kind: z.literal("freeze"), instance: z.string(), forMs: amount }),
    z.object({ kind: z.literal("drop"), instance: z.string(), forMs: amount }),
    z.object({
      kind: z.literal("slow"),
      instance: z.string(),
      runningMs: amount,
      stoppedMs: amount,
      forMs: amount,
    }),
    z.object({
      kind: z.literal("fill-volume"),
      unit: z.string(),
      volume: z.string(),
      forMs: amount,
    }),
    z.object({ kind: z.literal("fill-logs"), instance: z.string(), forMs: amount }),
    z.object({ kind: z.literal("exhaust-memory"), instance: z.string(), forMs: amount }),
    z.object({ kind: z.literal("kill-edge"), part: z.enum(["worker", "holder"]) }),
    z.object({ kind: z.literal("reload-edge") }),
    z.object({ kind: z.literal("upgrade-edge") }),
  ]),
);

export const faultHandleSchema = schemaOf<FaultHandle>()(
  z.object({
    id: z.string(),
    fault: faultSchema,
    processes: list(processSchema),
    undoByWallMs: amount,
    port: z.int().min(1).exactOptional(),
    path: z.string().exactOptional(),
    group: z.object({ folder: z.string(), home: z.string() }).exactOptional(),
    edge: z.object({ generation: count, workerPid: count }).exactOptional(),
  }),
);

const unit = z.string();
const instance = z.string();
const release = z.string();
const deadlineMs = amount;

export const stepSchema = schemaOf<Step>()(
  z.discriminatedUnion("action", [
    z.object({ action: z.literal("start"), unit, instance, release }),
    z.object({ action: z.literal("await-ready"), instance, deadlineMs }),
    z.object({
      action: z.literal("switch"),
      unit,
      instances: list(instance),
      shares: z.record(z.string(), z.number().min(0).max(1)).exactOptional(),
    }),
    z.object({ action: z.literal("isolate"), instance, because: z.string() }),
    z.object({ action: z.literal("rejoin"), instance }),
    z.object({ action: z.literal("drain"), instance, deadlineMs }),
    z.object({ action: z.literal("stop"), instance, graceMs: amount }),
    z.object({
      action: z.literal("run-job"),
      job: z.string(),
      release,
      deadlineMs,
      run: z.string().exactOptional(),
    }),
    z.object({
      action: z.literal("settle-job"),
      job: z.string(),
      release,
      as: z.enum(["done", "again"]),
    }),
    z.object({ action: z.literal("commit"), unit, release }),
    z.object({ action: z.literal("scale-override"), unit, replicas: orUndefined(count) }),
    z.object({ action: z.literal("inject"), fault: faultHandleSchema }),
    z.object({ action: z.literal("undo"), fault: faultHandleSchema }),
    z.object({ action: z.literal("remove"), unit }),
    z.object({ action: z.literal("delete-volumes") }),
  ]),
);

export const stepResultSchema = schemaOf<StepResult>()(
  z.discriminatedUnion("outcome", [
    z.object({ outcome: z.literal("done"), detail: z.string().exactOptional() }),
    z.object({
      outcome: z.literal("failed"),
      because: z.string(),
      detail: list(z.string()),
      personNeeded: z.literal(true).exactOptional(),
    }),
  ]),
);
