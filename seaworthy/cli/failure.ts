import { RecordDamaged, RecordTooNew } from "../record/line.ts";
import type { Finding } from "../system/finding.ts";
import { TargetError } from "../targets/target.ts";
import { EXIT, type ExitCode } from "./exit.ts";

/**
 * A verb that cannot go on, in words for a person. The only exception `cli` throws on purpose;
 * `main` prints it and exits with its code.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly exitCode: ExitCode;
  readonly findings: readonly Finding[];
  readonly detail: readonly string[];
  readonly fix: string | undefined;
  constructor(
    exitCode: ExitCode,
    message: string,
    options: {
      findings?: readonly Finding[];
      detail?: readonly string[];
      fix?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.exitCode = exitCode;
    this.findings = options.findings ?? [];
    this.detail = options.detail ?? [];
    this.fix = options.fix;
  }
}

/** What any thrown thing means to a person: code, message, detail, fix. */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof TargetError) {
    return new Refusal(exitForTargetError(thrown), thrown.message, {
      detail: thrown.detail,
      fix: thrown.fix,
      cause: thrown,
    });
  }
  if (thrown instanceof RecordDamaged || thrown instanceof RecordTooNew) {
    return new Refusal(EXIT.error, thrown.message, { fix: thrown.fix, cause: thrown });
  }
  if (thrown instanceof Error && thrown.name === "BrokenInvariant") {
    return new Refusal(EXIT.error, `a promise of seaworthy's own code broke: ${thrown.message}`, {
      detail: (thrown.stack ?? "").split("\n").slice(1, 6),
      fix: "this is a bug: please report it with the lines above",
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Refusal(EXIT.error, message, { cause: thrown });
}

function exitForTargetError(error: TargetError): ExitCode {
  if (error.code === "unsupported") return EXIT.refused;
  return EXIT.error;
}
