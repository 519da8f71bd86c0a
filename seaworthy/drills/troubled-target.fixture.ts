import { once } from "node:events";
import { Agent, createServer, request, type Server } from "node:http";
import type { TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { Observed } from "../plan/observed.ts";
import { type Target, TargetError } from "../targets/target.ts";

/** What goes wrong from the injection on, besides the fault itself. */
export interface Trouble {
  /** Each so many-th request is answered 500 in front of the edge. */
  readonly failEach?: number;
  /** Every answer comes so much later. */
  readonly delayMs?: number;
  /** Writes of from now on vanish from the history, although they were acknowledged. */
  readonly forgets?: true;
  /** Another instance than the victim is broken by this signal as well. */
  readonly also?: "SIGKILL" | "SIGSTOP";
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  /** Nothing can be observed any more. */
  readonly blind?: true;
}

export interface Troubled {
  readonly target: Target;
  /** The trouble begins now; an injection begins it, too. */
  readonly begin: () => void;
}

/** A target whose faults do more than they say, around a sound one. */
export async function aTroubledTarget(
  t: TestContext,
  target: Target,
  trouble: Trouble,
): Promise<Troubled> {
  const front = new Front(trouble);
  t.after(() => front.close());
  const before = await target.observe(AbortSignal.timeout(5_000));
  const url = await front.open(before);
  const observe = async (signal: AbortSignal): Promise<Observed> => {
    if (front.broken && trouble.blind) throw new TargetError("unreachable", "nothing is seen");
    return rerouted(await target.observe(signal), url);
  };
  const troubled: Target = {
    ...target,
    observe,
    headroom: async () => ({
      memoryBytes: front.broken ? (trouble.memoryBytes ?? 1e12) : 1e12,
      diskBytes: front.broken ? (trouble.diskBytes ?? 1e12) : 1e12,
      addresses: 1_000,
    }),
    apply: async (step, context) => {
      const result = await target.apply(step, context);
      if (step.action !== "inject") return result;
      front.broken = true;
      const { fault } = step.fault;
      const victim = "instance" in fault ? fault.instance : undefined;
      if (trouble.also !== undefined) await breakAnother(target, { victim, by: trouble.also });
      return result;
    },
  };
  const begin = (): void => {
    front.broken = true;
  };
  return { target: troubled, begin };
}

async function breakAnother(
  target: Target,
  how: { readonly victim: string | undefined; readonly by: NodeJS.Signals },
): Promise<void> {
  const { units } = await target.observe(AbortSignal.timeout(5_000));
  const other = units[0]?.instances.find(({ id }) => id !== how.victim);
  if (other?.pid !== undefined) process.kill(other.pid, how.by);
}

/** Requests and the history go through the front. */
function rerouted(observed: Observed, url: string): Observed {
  return {
    ...observed,
    edge: { addresses: [url], ready: true },
    units: observed.units.map((unit) => ({ ...unit, url: `${url}/_store` })),
  };
}

/** A server before the edge and before the store of writes. */
class Front {
  broken = false;
  readonly #trouble: Trouble;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  #edge = "";
  #store = "";
  #count = 0;
  #forgotten: ReadonlySet<string> | undefined;

  constructor(trouble: Trouble) {
    this.#trouble = trouble;
    this.#server = createServer((incoming, response) => {
      const path = incoming.url ?? "/";
      const isStore = path.startsWith("/_store");
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => void forward());
      const forward = async (): Promise<void> => {
        if (!isStore && this.#fails()) return void response.writeHead(500).end();
        if (!isStore && this.broken) await systemClock.sleep(this.#trouble.delayMs ?? 0);
        const onward = request(
          `${isStore ? this.#store : this.#edge}${path.replace("/_store", "")}`,
          { agent: this.#agent, method: incoming.method ?? "GET", headers: incoming.headers },
        );
        onward.on("error", () => response.destroy());
        onward.on("response", (answer) => {
          const answered: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => answered.push(chunk));
          answer.on("end", () => {
            const body = Buffer.concat(answered);
            const { "content-length": _length, ...headers } = answer.headers;
            response.writeHead(answer.statusCode ?? 502, headers);
            response.end(isStore ? this.#history(body.toString("utf8")) : body);
          });
        });
        onward.end(Buffer.concat(chunks));
      };
    });
  }

  async open(before: Observed): Promise<string> {
    this.#edge = before.edge?.addresses[0] ?? "";
    this.#store = before.units[0]?.url ?? "";
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    return `http://127.0.0.1:${address.port}`;
  }

  #fails(): boolean {
    this.#count += 1;
    const { failEach } = this.#trouble;
    return this.broken && failEach !== undefined && this.#count % failEach === 0;
  }

  /** What stood there when it broke stays; what came after is not told. */
  #history(text: string): string {
    if (!this.broken || this.#trouble.forgets !== true) return text;
    const lines = text.split("\n").filter((line) => line !== "");
    this.#forgotten ??= new Set(lines);
    return lines.filter((line) => this.#forgotten?.has(line)).join("\n");
  }

  close(): void {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
