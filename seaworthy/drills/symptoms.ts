import type { Clock } from "@seaworthy/std/clock";
import { type Random, seeded } from "@seaworthy/std/random";
import type { Front, Instead } from "./impair-http.ts";
import type { Impairment } from "./impairment.ts";

/** An answer below this passes a check. */
const CHECK_FAILS = 400;
/** A leak in steps this far apart looks like an even one. */
const LEAK_EVERY_MS = 50;

/** What an impairment does to one instance, from its beginning on. */
export class Symptoms {
  readonly #impairment: Impairment;
  readonly #clock: Clock;
  readonly #crash: () => void;
  readonly #random: Random;
  /** Only its length matters, and that it is kept. */
  readonly #leaked: Buffer[] = [];
  #isReady = false;
  #isIll = false;

  constructor(impairment: Impairment, by: { readonly clock: Clock; readonly crash: () => void }) {
    this.#impairment = impairment;
    this.#clock = by.clock;
    this.#crash = by.crash;
    this.#random = seeded(impairment.seed);
  }

  get front(): Pick<Front, "judge" | "answered"> {
    return {
      judge: async (path) => await this.#judge(path),
      answered: (path, status) => this.#answered(path, status),
    };
  }

  async #judge(path: string): Promise<Instead> {
    const order = this.#orderIn(path);
    if (order !== undefined) return order;
    const { ill, checks } = this.#impairment;
    const isReadyCheck = isPath(path, checks.ready);
    if (ill.kind === "never-ready") return isReadyCheck ? no(503, "not ready") : undefined;
    if (!this.#isIll) return undefined;
    const isHealthCheck = isPath(path, checks.health);
    if (ill.kind === "unhealthy") return isHealthCheck ? no(503, "not healthy") : undefined;
    if (isReadyCheck || isHealthCheck) return undefined;
    if (ill.kind === "slow") await this.#clock.sleep(ill.delayMs);
    if (ill.kind === "errors" && this.#random.next() < ill.ratio) return no(500, "an error");
    return undefined;
  }

  /** Requests of the drill itself, which no service has a path for. */
  #orderIn(path: string): Instead {
    const { onset } = this.#impairment;
    if (onset.when !== "told" || !path.startsWith(ordersPath(onset.token))) return undefined;
    if (path === orderPath(onset.token, "begin")) this.#begin();
    else this.#isIll = false;
    return { status: 200, text: this.#isIll ? "begun" : "ended" };
  }

  #answered(path: string, status: number): void {
    const { onset, checks } = this.#impairment;
    if (this.#isReady || !isPath(path, checks.ready) || status >= CHECK_FAILS) return;
    this.#isReady = true;
    if (onset.when === "ready") void this.#beginIn(onset.afterMs);
  }

  async #beginIn(ms: number): Promise<void> {
    // Not even a turn later: the next request may be here already.
    if (ms > 0) await this.#clock.sleep(ms);
    this.#begin();
  }

  #begin(): void {
    if (this.#isIll) return;
    this.#isIll = true;
    const { ill } = this.#impairment;
    if (ill.kind === "crashes") this.#crash();
    if (ill.kind === "leaks") void this.#leak(ill.bytes, { overMs: ill.overMs });
  }

  async #leak(bytes: number, { overMs }: { readonly overMs: number }): Promise<void> {
    const steps = Math.max(1, Math.ceil(overMs / LEAK_EVERY_MS));
    for (let step = 0; step < steps && this.#isIll; step += 1) {
      // Filled: the kernel gives no page that nobody wrote to.
      this.#leaked.push(Buffer.alloc(Math.ceil(bytes / steps), 1));
      await this.#clock.sleep(overMs / steps);
    }
  }
}

export function orderPath(token: string, order: "begin" | "end"): string {
  return `${ordersPath(token)}${order}`;
}

function ordersPath(token: string): string {
  return `/seaworthy-drill/${token}/`;
}

/** With its query where the check has one, without it where not. */
function isPath(url: string, check: string): boolean {
  return url === check || url.split("?", 1)[0] === check;
}

function no(status: number, text: string): Instead {
  return { status, text: `${text}: made bad on purpose, by a drill` };
}
