import { assertNever } from "@seaworthy/std/assert";
import type { RequestClass } from "../system/system.ts";
import type { Sample } from "./load.ts";

/** How one exchange ended, as the client's socket saw it. */
export type Ending =
  /** A whole answer. */
  | { readonly kind: "answered"; readonly status: number }
  /** Nothing was sent: no connection, or the client gave up while it was being made. */
  | { readonly kind: "refused" }
  | { readonly kind: "timeout" }
  /** Sent, and the connection ended before an answer began. */
  | { readonly kind: "reset" }
  /** An answer began and did not end. */
  | { readonly kind: "cut" }
  /** Still flowing when the generator stopped. */
  | { readonly kind: "open" };

/**
 * What an ending means for a request of this class (`research/resilience.md` §3): anything but a
 * whole 2xx answer is a failure in the ratio, but a write that was sent and not clearly refused is
 * `unknown`, because it may have taken effect.
 */
export function judge(kind: RequestClass, ending: Ending): Pick<Sample, "outcome" | "failure"> {
  const afterSend = kind === "unsafe" || kind === "stream" ? "unknown" : "failed";
  switch (ending.kind) {
    case "answered":
      return judgeAnswer(kind, ending.status);
    case "refused":
      return { outcome: "failed", failure: "refused" };
    case "timeout":
      return { outcome: afterSend, failure: "timeout" };
    case "reset":
      return { outcome: afterSend, failure: "reset" };
    case "cut":
      return { outcome: afterSend, failure: kind === "stream" ? "cut" : "body" };
    case "open":
      return { outcome: "unknown", failure: undefined };
    default:
      return assertNever(ending);
  }
}

function judgeAnswer(kind: RequestClass, status: number): Pick<Sample, "outcome" | "failure"> {
  if (status >= 200 && status < 300) return { outcome: "ok", failure: undefined };
  // A 4xx says that the write was refused; a 5xx or a redirect says nothing about its effect.
  const refused = status >= 400 && status < 500;
  return { outcome: kind === "unsafe" && !refused ? "unknown" : "failed", failure: "status" };
}
