import type { GatewayConfig } from "@seaworthy/gateway/config";
import type {
  CertificateStatus,
  ClassCounts,
  DrainOutcome,
  Ejected,
  GatewayStatus,
} from "@seaworthy/gateway/control";
import type { Command } from "@seaworthy/std/command";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import { TargetError } from "../target.ts";
import { maybe } from "./graph-schema.ts";
import { connectTo, lineSocket } from "./line-socket.ts";

/**
 * Speaks the gateway's control protocol (`gateway/control.ts`): one connection a request, so that
 * neither side keeps anything for the other between two of them.
 */
export interface GatewayControl {
  /** Resolves when the gateway routes by this configuration. */
  apply(config: GatewayConfig, signal: AbortSignal): Promise<GatewayStatus>;
  status(signal: AbortSignal): Promise<GatewayStatus>;
  drain(endpoint: string, deadlineMs: number, signal: AbortSignal): Promise<DrainOutcome>;
  /** A new worker serves when this resolves; the old one has `drainMs` for what it has. */
  handover(drainMs: number, signal: AbortSignal): Promise<GatewayStatus>;
  /**
   * The holder ends, and its worker starts the next one by this command: what the one that leaves
   * was. It refuses where it does not know the word (0.1.0) or has no worker; nothing has changed
   * then.
   */
  replaceHolder(command: Command, signal: AbortSignal): Promise<Result<GatewayStatus, string>>;
}

export function gatewayControl(socketPath: string): GatewayControl {
  const ask = (request: Request, signal: AbortSignal) => exchange(socketPath, request, signal);
  return {
    apply: async (config, signal) => statusOf(await ask({ op: "apply", config }, signal)),
    status: async (signal) => statusOf(await ask({ op: "status" }, signal)),
    drain: async (endpoint, deadlineMs, signal) => {
      const reply = await ask({ op: "drain-endpoint", endpoint, deadlineMs }, signal);
      if (reply.ok && "drained" in reply) return reply.drained;
      throw unexpected(reply);
    },
    handover: async (drainMs, signal) => statusOf(await ask({ op: "handover", drainMs }, signal)),
    replaceHolder: async (command, signal) => {
      const reply = await ask({ op: "replace-holder", command }, signal);
      return reply.ok ? ok(statusOf(reply)) : refuse(reply.error);
    },
  };
}

type Request =
  | { readonly op: "apply"; readonly config: GatewayConfig }
  | { readonly op: "status" }
  | { readonly op: "handover"; readonly drainMs: number }
  | { readonly op: "replace-holder"; readonly command: Command }
  | { readonly op: "drain-endpoint"; readonly endpoint: string; readonly deadlineMs: number };

const countsSchema: z.ZodType<ClassCounts> = z.object({
  safe: z.number(),
  idempotent: z.number(),
  unsafe: z.number(),
  stream: z.number(),
});

const ejectedSchema: z.ZodType<Ejected> = z.object({
  reason: z.enum(["lost", "timeouts", "errors", "error-rate", "slow"]),
  untilWallMs: z.number(),
  times: z.number(),
});

const NO_COUNTS: ClassCounts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

const certificateSchema: z.ZodType<CertificateStatus> = z.object({
  notAfter: maybe(z.string()),
  problem: maybe(z.string()),
});

const statusSchema: z.ZodType<GatewayStatus> = z.object({
  generation: z.number(),
  // 0: an edge that an earlier version started does not say it.
  holderPid: z.number().default(0),
  workerPid: z.number(),
  workers: z.array(z.object({ pid: z.number(), state: z.enum(["serving", "draining"]) })),
  listeners: z.array(
    z.object({
      name: z.string(),
      host: z.string(),
      port: z.number(),
      certificate: maybe(certificateSchema),
    }),
  ),
  since: z.string(),
  endpoints: z.array(
    z.object({
      id: z.string(),
      pool: z.string(),
      release: z.string(),
      routed: z.boolean(),
      health: z.enum(["unknown", "healthy", "unhealthy", "ejected"]),
      ejected: maybe(ejectedSchema),
      lastProbe: maybe(z.string()),
      requests: z.number(),
      failed: countsSchema,
      // An edge that an earlier version started does not count it: then one look must do.
      begun: countsSchema.optional().transform((counts) => counts ?? NO_COUNTS),
      inFlight: countsSchema,
      // JSON has no infinity: the last bound arrives as null.
      latency: z.object({
        boundsMs: z.array(
          z
            .number()
            .nullable()
            .transform((bound) => bound ?? Infinity),
        ),
        counts: z.array(z.number()),
      }),
      lastRequestWallMs: maybe(z.number()),
    }),
  ),
});

const drainSchema: z.ZodType<DrainOutcome> = z.object({
  drained: z.boolean(),
  cut: z.number(),
  tookMs: z.number(),
});

const replySchema = z.union([
  z.object({ id: z.number(), ok: z.literal(true), status: statusSchema }),
  z.object({ id: z.number(), ok: z.literal(true), drained: drainSchema }),
  z.object({ id: z.number(), ok: z.literal(false), error: z.string() }),
]);
type Reply = z.output<typeof replySchema>;

async function exchange(path: string, request: Request, signal: AbortSignal): Promise<Reply> {
  const socket = await connectTo(path, signal);
  if (socket === undefined) {
    throw new TargetError("unreachable", "the edge does not answer on its control socket");
  }
  const done = new AbortController();
  try {
    return await new Promise<Reply>((resolve, reject) => {
      const options = { once: true, signal: done.signal };
      signal.addEventListener("abort", () => reject(signal.reason), options);
      const lines = lineSocket(socket, (message) => {
        const reply = replySchema.safeParse(message);
        if (reply.success) resolve(reply.data);
        else
          reject(new TargetError("failed", `the edge answered nonsense: ${reply.error.message}`));
      });
      void lines.closed.then(() => reject(new TargetError("unreachable", "the edge hung up")));
      lines.send({ id: 1, ...request });
    });
  } finally {
    done.abort();
    socket.destroy();
  }
}

function statusOf(reply: Reply): GatewayStatus {
  if (reply.ok && "status" in reply) return reply.status;
  throw unexpected(reply);
}

function unexpected(reply: Reply): TargetError {
  return new TargetError("failed", reply.ok ? "the edge answered something else" : reply.error);
}
