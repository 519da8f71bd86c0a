import { spawn } from "node:child_process";
import { present } from "@seaworthy/std/assert";
import { TargetError, type ExecEnd, type ExecRequest } from "../target.ts";
import { LOOPBACK } from "../../renderers/edge-parts.ts";
import { INSTANCE_VARIABLE, seeSame } from "./identity.ts";
import { outside } from "./outside.ts";
import { loadRelease } from "./release.ts";
import { NODE_PROGRAM } from "./snapshot-program.ts";
import { allowedEnvironment } from "./spawn-detached.ts";
import type { StateFolder } from "./state-folder.ts";
import { resolveEnvironment, rootOf } from "./supervisor/spawn-instance.ts";
import type { SupervisorState } from "./supervisor/state.ts";

export interface ExecPlace {
  readonly folder: StateFolder;
  readonly state: SupervisorState;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly node: { readonly path: string };
}

/**
 * A program in the folder and with the environment of an instance that runs. It does not bear the
 * owner's mark: whoever adopts or ends instances never takes it for one.
 */
export async function execInstance(
  request: ExecRequest,
  place: ExecPlace,
  signal: AbortSignal,
): Promise<ExecEnd> {
  const { folder, state } = place;
  const record = state.instances[request.instance];
  const seen = record?.identity === undefined ? undefined : seeSame(record.identity);
  if (record === undefined || seen === undefined) {
    throw new TargetError("no-such-instance", `${request.instance} does not run here`);
  }
  const loaded = await loadRelease(folder.releases, record.release);
  const environment = {
    ...allowedEnvironment(place.environment),
    // Of the terminal it is typed in, not of the instance.
    ...terminalOf(place.environment),
    ...(await resolveEnvironment({ folder, state }, loaded)),
    [INSTANCE_VARIABLE]: record.id,
    HOST: LOOPBACK,
    PORT: String(record.port),
    SEAWORTHY_SYSTEM: state.graph?.system ?? "",
    SEAWORTHY_ROOT: rootOf(folder, record.id),
  };
  const [named, ...args] = request.command;
  const program = named === NODE_PROGRAM ? place.node.path : named;
  return await run([program, ...args], {
    ...{ cwd: loaded.appFolder, environment, streams: request.streams, signal },
  });
}

function terminalOf(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const term = environment["TERM"];
  return term === undefined ? {} : { TERM: term };
}

interface Running {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly streams: ExecRequest["streams"];
  readonly signal: AbortSignal;
}

/** In our process group: Ctrl-C on the terminal reaches it as it reaches us. */
async function run(command: ExecRequest["command"], how: Running): Promise<ExecEnd> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: how.cwd,
    env: { ...how.environment },
    stdio: [...how.streams],
  });
  const end = (): void => {
    child.kill("SIGKILL");
  };
  how.signal.addEventListener("abort", end, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error) => reject(notStarted(program, error)));
      child.once("exit", (code, signal) =>
        resolve({ code: code ?? undefined, signal: signal ?? undefined }),
      );
    });
  } finally {
    how.signal.removeEventListener("abort", end);
  }
}

function notStarted(program: string, error: Error): TargetError {
  if ("code" in error && error.code === "ENOENT") {
    return new TargetError("failed", `there is no program ${program} for this instance`);
  }
  return outside(error, `could not start ${present(program, "a program")}`);
}
