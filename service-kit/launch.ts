import { type Clock, systemClock } from "./clock.ts";
import { EXIT_CONFIGURATION, type EnvironmentReader, parseEnvironment } from "./environment.ts";
import { type Readiness, createReadiness } from "./health.ts";
import { type Level, type Log, LEVEL_NAMES, createLog, messageOf } from "./log.ts";
import type { HttpService } from "./serve.ts";

/** What every service is given by the platform. */
export interface Platform {
  readonly host: string;
  readonly port: number;
  readonly instance: string;
  /** Stands before every declared absolute path of files and volumes; empty in a container. */
  readonly root: string;
  readonly logLevel: Level;
}

export interface Tools {
  readonly clock: Clock;
  readonly log: Log;
  readonly readiness: Readiness;
}

export interface Program<Settings> {
  readonly name: string;
  readonly readSettings: (reader: EnvironmentReader, platform: Platform) => Settings;
  /** Resolves once it listens; called once, with settings that have no fault. */
  readonly start: (settings: Settings, platform: Platform, tools: Tools) => Promise<HttpService>;
}

/** 128 + 15, what a shell reports for a death by SIGTERM. */
const EXIT_TERMINATED = 143;

/**
 * The life of a service, from its `main.ts`: parses the whole environment (all faults at once on
 * stderr, exit 78), starts, and on SIGTERM or SIGINT leaves without losing a request (exit 0; 1 if
 * requests had to be cut). A second signal ends it at once (143).
 */
export async function launch<Settings>(
  host: NodeJS.Process,
  program: Program<Settings>,
): Promise<void> {
  // A log that cannot be written (a full disk) is no reason to stop serving: Node would end here.
  for (const stream of [host.stdout, host.stderr]) stream.on("error", () => {});
  const parsed = parseEnvironment(host.env, (reader) => {
    const platform = readPlatform(reader);
    return { platform, settings: program.readSettings(reader, platform) };
  });
  if (!parsed.ok) {
    for (const fault of parsed.faults) host.stderr.write(`${program.name}: ${fault}\n`);
    host.exitCode = EXIT_CONFIGURATION;
    return;
  }
  const { platform, settings } = parsed.value;
  const log = createLog({
    level: platform.logLevel,
    service: program.name,
    instance: platform.instance,
    clock: systemClock,
    out: host.stdout,
  });
  const tools: Tools = { clock: systemClock, log, readiness: createReadiness("starting") };
  try {
    const service = await program.start(settings, platform, tools);
    tools.readiness.set(undefined);
    stopOnSignal(host, service, log);
    log.write("info", "listening", { host: platform.host, port: service.port, pid: host.pid });
  } catch (thrown) {
    log.write("error", "could not start", { cause: messageOf(thrown) });
    host.exit(1);
  }
}

function readPlatform(reader: EnvironmentReader): Platform {
  return {
    host: reader.text("HOST", { fallback: "127.0.0.1" }),
    port: reader.integer("PORT", { min: 0, max: 65_535 }),
    instance: reader.text("SEAWORTHY_INSTANCE", { fallback: "0" }),
    root: readRoot(reader),
    logLevel: reader.choice("LOG_LEVEL", { choices: LEVEL_NAMES, fallback: "info" }),
  };
}

function readRoot(reader: EnvironmentReader): string {
  return reader.text("SEAWORTHY_ROOT", {
    fallback: "",
    pattern: /^(\/.*[^/])?$/,
    expected: "an absolute path without a slash at its end",
  });
}

function stopOnSignal(host: NodeJS.Process, service: HttpService, log: Log): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.write("warn", "stopped at once by a second signal", { cut: service.inFlight });
      host.exit(EXIT_TERMINATED);
    }
    stopping = true;
    log.write("info", "stopping", { signal, inFlight: service.inFlight });
    void service.stop().then((cut) => {
      log.write(cut === 0 ? "info" : "error", "stopped", { cut });
      host.exit(cut === 0 ? 0 : 1);
    });
  };
  host.on("SIGTERM", onSignal);
  host.on("SIGINT", onSignal);
}
