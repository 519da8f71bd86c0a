import { assertNever } from "@seaworthy/std/assert";
import { timestamp, type Clock } from "@seaworthy/std/clock";
import { TrustedProxies } from "./client-address.ts";
import type { GatewayConfig, ListenerConfig } from "./config.ts";
import type { Endpoint, InFlight } from "./endpoint.ts";
import { Listener } from "./listener.ts";
import { metricsText } from "./metrics.ts";
import type {
  Inheritance,
  InheritedSocket,
  KnownEndpoint,
  ServedPairs,
  WorkerDrain,
  WorkerOrder,
  WorkerReply,
  WorkerReport,
} from "./orders.ts";
import { Roster } from "./roster.ts";
import { endpointStatus } from "./status.ts";
import { Traffic, type Route } from "./traffic.ts";
import { GATEWAY_VERSION } from "./version.ts";
import { windUp } from "./wind-up.ts";

/** When the holder is gone there is nobody to name a deadline. */
const ORPHAN_DRAIN_MS = 30_000;
/** How often a draining worker looks whether it is done. */
const DRAIN_LOOK_MS = 25;

export interface WorkerOptions {
  readonly clock: Clock;
  /** Different for each worker: request ids begin with it. */
  readonly idPrefix: string;
  /** Of this process; undefined where it is not known. */
  readonly descriptorLimit: number | undefined;
  /** Chance that no client can know. */
  readonly rateSeeds: readonly [number, number];
  readonly report: (report: WorkerReport) => void;
}

interface WindingUp {
  stop(): Promise<Set<InFlight>>;
}

type StartOrder = Extract<WorkerOrder, { op: "start" }>;
type SeatOrder = Extract<WorkerOrder, { op: "seat" }>;

/** A worker that has reported `serving` or `cannot-listen`. */
export async function startWorker(order: StartOrder, options: WorkerOptions): Promise<Worker> {
  const worker = new Worker(order, options);
  await worker.listen(order);
  return worker;
}

/** The process that serves: listeners on inherited sockets, pools, checks. Lives by its holder. */
export class Worker {
  readonly #clock: Clock;
  readonly #report: (report: WorkerReport) => void;
  readonly #since: string;
  readonly #traffic: Traffic;
  readonly #roster: Roster;
  readonly #listeners = new Map<string, Listener>();
  #pairs: ServedPairs = {};
  readonly #finished = Promise.withResolvers<{ readonly cut: number }>();
  readonly #sockets: readonly InheritedSocket[];
  #config: GatewayConfig;
  #drainStarted = false;

  constructor(order: StartOrder, options: WorkerOptions) {
    this.#clock = options.clock;
    this.#report = options.report;
    this.#since = timestamp(options.clock);
    this.#sockets = order.sockets;
    this.#config = order.config;
    this.#roster = new Roster({
      clock: options.clock,
      known: order.known,
      onHealth: (endpoint) => this.#reportHealth(endpoint),
    });
    this.#traffic = new Traffic({
      clock: options.clock,
      idPrefix: options.idPrefix,
      limits: order.config.limits,
      timeouts: order.config.timeouts,
      find: (id) => this.#roster.endpoint(id),
      descriptorLimit: options.descriptorLimit,
      rateSeeds: options.rateSeeds,
    });
    for (const { name, kind, tls } of order.config.listeners) {
      const entrance = { name, kind, scheme: tls === undefined ? "http" : "https" } as const;
      this.#listeners.set(name, new Listener(entrance, this.#traffic));
    }
    this.#configure(order.config);
    this.#serveCertificates(order.pairs);
  }

  /** Resolves when nothing is left to do, with the requests cut at the deadline. */
  get finished(): Promise<{ readonly cut: number }> {
    return this.#finished.promise;
  }

  async obey(order: Exclude<WorkerOrder, StartOrder | SeatOrder>): Promise<void> {
    switch (order.op) {
      case "apply":
        this.#configure(order.config);
        this.#serveCertificates(order.pairs);
        this.#reply(order.seq, { kind: "applied" });
        return;
      case "beat":
        this.#report({ report: "beat" });
        return;
      case "certificates":
        this.#serveCertificates(order.pairs);
        return;
      case "status":
        this.#reply(order.seq, this.#status());
        return;
      case "metrics":
        this.#reply(order.seq, { kind: "metrics", text: this.#metrics() });
        return;
      case "drain-endpoint":
        this.#reply(order.seq, await this.#drainEndpoint(order.endpoint, order.deadlineMs));
        return;
      case "drain":
        await this.#drain(order.drain);
        return;
      default:
        assertNever(order);
    }
  }

  /** No holder comes of this worker: a new one must be able to bind; clients are served out. */
  async orphaned(): Promise<void> {
    await this.#drain({ deadlineMs: ORPHAN_DRAIN_MS, hasSuccessor: true });
  }

  /** Reports `serving` or `cannot-listen`. */
  async listen(order: StartOrder): Promise<void> {
    for (const { name, descriptor } of order.sockets) {
      try {
        await this.#listeners.get(name)?.listen(descriptor);
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
        this.#report({ report: "cannot-listen", listener: name, code });
        return;
      }
    }
    this.#report({ report: "serving" });
  }

  #configure(config: GatewayConfig): void {
    this.#config = config;
    this.#roster.configure(config);
    this.#traffic.limits = config.limits;
    this.#traffic.timeouts = config.timeouts;
    this.#traffic.proxies = new TrustedProxies(config.trustedProxies);
    this.#traffic.accessLog.path = config.accessLog;
    for (const listener of config.listeners) {
      this.#listeners
        .get(listener.name)
        ?.configure(this.#routesOf(listener), config.limits, config.timeouts);
    }
  }

  #serveCertificates(pairs: ServedPairs): void {
    this.#pairs = { ...this.#pairs, ...pairs };
    for (const [name, pair] of Object.entries(pairs)) this.#listeners.get(name)?.serve(pair);
  }

  #routesOf(listener: ListenerConfig): readonly Route[] {
    return listener.routes.flatMap((route) => {
      const to = this.#roster.pool(route.pool);
      if (to === undefined) return [];
      const isByKey = route.balance === "consistent-hash";
      return [{ ...route, to, lane: isByKey ? -1 : to.laneOf(`${listener.name} ${route.prefix}`) }];
    });
  }

  #reportHealth(endpoint: Endpoint): void {
    this.#report({ report: "health", endpoint: endpoint.id, known: this.#knownOf(endpoint) });
  }

  #knownOf(endpoint: Endpoint): KnownEndpoint {
    return { health: endpoint.checkedHealth, ejected: endpoint.ejected(this.#clock) };
  }

  /** What a holder that was not there before has to know to go on. */
  get inheritance(): Inheritance {
    const all = [...this.#roster.endpoints];
    return {
      version: GATEWAY_VERSION,
      pid: process.pid,
      config: this.#config,
      pairs: this.#pairs,
      sockets: this.#sockets,
      known: Object.fromEntries(all.map((one) => [one.id, this.#knownOf(one)])),
    };
  }

  #reply(seq: number, reply: WorkerReply): void {
    this.#report({ report: "reply", seq, reply });
  }

  #status(): WorkerReply {
    const endpoints = [...this.#roster.endpoints].map((one) => endpointStatus(one, this.#clock));
    return { kind: "status", since: this.#since, endpoints };
  }

  #metrics(): string {
    return metricsText({
      traffic: this.#traffic,
      endpoints: [...this.#roster.endpoints],
      connections: [...this.#listeners.values()].map((one) => ({
        listener: one.entrance.name,
        open: one.connections,
      })),
    });
  }

  async #drainEndpoint(id: string, deadlineMs: number): Promise<WorkerReply> {
    const endpoints = [...this.#roster.endpoints, ...this.#roster.leaving].filter(
      (one) => one.id === id,
    );
    if (endpoints.some((one) => one.routed)) {
      return { kind: "refused", error: `endpoint ${id} is still routed: apply without it first` };
    }
    const startedMs = this.#clock.now();
    const idle = Promise.all(endpoints.map((one) => one.whenIdle()));
    const ending = this.#windUp(startedMs + deadlineMs, () => endpoints);
    const isIdle = await this.#within(idle, deadlineMs);
    const ended = await ending.stop();
    if (!isIdle) for (const one of endpoints) this.#cut(one, ended);
    this.#traffic.totals.cut += ended.size;
    const tookMs = this.#clock.now() - startedMs;
    return { kind: "drained", outcome: { drained: ended.size === 0, cut: ended.size, tookMs } };
  }

  /** Streams and sockets of these are ended one by one towards `endMs`; stopped, it names them. */
  #windUp(endMs: number, endpoints: () => Iterable<Endpoint>): WindingUp {
    const over = new AbortController();
    const streams = () => [...endpoints()].flatMap((one) => one.snapshot());
    const ended = windUp({ clock: this.#clock, endMs, streams, signal: over.signal });
    return {
      stop: () => {
        over.abort();
        return ended;
      },
    };
  }

  /** Sends elsewhere what may go elsewhere, ends the rest and adds it to what has been ended. */
  #cut(endpoint: Endpoint, ended: Set<InFlight>): void {
    for (const one of endpoint.snapshot()) {
      if (one.isMovable) {
        one.takeAway("withdrawn");
      } else {
        one.takeAway("cut");
        ended.add(one);
      }
    }
  }

  async #within(work: Promise<unknown>, ms: number): Promise<boolean> {
    const timer = new AbortController();
    const late = this.#clock.sleep(ms, timer.signal).then(
      () => false,
      () => false,
    );
    const won = await Promise.race([work.then(() => true), late]);
    timer.abort();
    return won;
  }

  async #drain(drain: WorkerDrain): Promise<void> {
    if (this.#drainStarted) return;
    this.#drainStarted = true;
    this.#traffic.isDraining = true;
    const listeners = [...this.#listeners.values()];
    for (const listener of listeners) listener.stopListening();
    const endMs = this.#clock.now() + drain.deadlineMs;
    const all = () => [...this.#roster.endpoints, ...this.#roster.leaving];
    const ending = this.#windUp(endMs, all);
    while (this.#clock.now() < endMs && listeners.some((one) => one.connections > 0)) {
      if (!drain.hasSuccessor) for (const one of listeners) one.closeIdleConnections();
      await this.#clock.sleep(Math.min(DRAIN_LOOK_MS, Math.max(0, endMs - this.#clock.now())));
    }
    const ended = await ending.stop();
    // A socket that was upgraded is no longer its listener's.
    for (const endpoint of all()) this.#cut(endpoint, ended);
    for (const listener of listeners) listener.closeAllConnections();
    this.#roster.stop();
    await this.#traffic.accessLog.flush();
    this.#finished.resolve({ cut: ended.size });
  }
}
