import type { Fault } from "../record/fault.ts";
import type { ObjectiveName } from "../system/system.ts";

export type DrillName =
  | "roll-under-load"
  | "restart-under-load"
  | "kill-instance"
  | "freeze-instance"
  | "drop-instance"
  | "slow-instance"
  | "exhaust-memory"
  | "fill-logs"
  | "fill-volume"
  | "dependency-down"
  | "dependency-slow"
  | "kill-edge"
  | "kill-edge-holder"
  | "reload-edge"
  | "upgrade-edge"
  | "idle-connections"
  | "spike"
  | "saturation"
  | "never-ready-release"
  | "exiting-release"
  | "crashing-release"
  | "failing-release"
  | "slow-release"
  | "leaking-release"
  | "bad-job-release"
  | "grey-instance"
  | "crash-loop"
  | "certificate-expiry";

/**
 * How much it may hurt (`research/resilience.md` §2.1): T0 a scratch copy, T1 one member of a
 * redundant set, T2 a leader or a shared resource, T3 a site or data.
 */
export type Tier = "T0" | "T1" | "T2" | "T3";

/** How it is played: a fault, another release, more load, or a copy that nobody uses. */
export type DrillKind = "fault" | "roll" | "load" | "rehearsal";

/**
 * What it may hurt, at most. Whatever else is hurt shows that the fault ran away: the run is
 * aborted and undone.
 */
export type Blast = "instance" | "unit" | "edge" | "system" | "nothing";

/** What a drill is; how it is played stands in `plays.ts`, which does not compile without it. */
export interface DrillDescription {
  readonly kind: DrillKind;
  readonly breaks: string;
  readonly tier: Tier;
  readonly blast: Blast;
  /** The fault it injects: the target must be able to. Undefined where it injects none. */
  readonly fault: Fault["kind"] | undefined;
  /** What its evidence speaks of; everything else it measures is shown, not judged. */
  readonly objectives: readonly ObjectiveName[];
  /**
   * Requests and streams in flight on the victim are lost by nature (architecture §13): those that
   * nobody may repeat, or `everything` where nobody is left who could.
   */
  readonly losesInFlight: boolean | "everything";
  /** What a green run is easily taken for, and is not; ends the sentence "does not prove". */
  readonly unproven: string;
  /** Relative to the root of the project. */
  readonly page: string;
}

export const CATALOGUE: Readonly<Record<DrillName, DrillDescription>> = {
  "roll-under-load": {
    kind: "roll",
    breaks: "nothing: rolls the same content as another release and back, under the declared load",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that the next release is good: the same content is rolled",
    page: "docs/drills/roll-under-load.md",
  },
  "restart-under-load": {
    kind: "roll",
    breaks: "nothing: every instance is restarted, by the service's own strategy",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "what a restart of the machine costs: everything else stays up",
    page: "docs/drills/restart-under-load.md",
  },
  "kill-instance": {
    kind: "fault",
    breaks: "one instance, by SIGKILL to all its processes",
    tier: "T1",
    blast: "instance",
    fault: "kill",
    objectives: ["errors", "recovery.time"],
    losesInFlight: true,
    unproven:
      "that acknowledged writes survive a power loss, nor anything about a host or a network",
    page: "docs/drills/kill-instance.md",
  },
  "freeze-instance": {
    kind: "fault",
    breaks: "one instance, by SIGSTOP: its sockets accept and nothing answers; then it resumes",
    tier: "T1",
    blast: "instance",
    fault: "freeze",
    objectives: ["latency.p95", "latency.p99", "recovery.time"],
    losesInFlight: false,
    unproven: "what a slow instance costs: a frozen one answers nothing at all",
    page: "docs/drills/freeze-instance.md",
  },
  "drop-instance": {
    kind: "fault",
    breaks:
      "the way to one instance: packets to and from its port are neither answered nor refused",
    tier: "T1",
    blast: "instance",
    fault: "drop",
    objectives: ["latency.p95", "latency.p99", "recovery.time"],
    losesInFlight: false,
    unproven: "what a network that loses or delays some packets costs: here all are lost",
    page: "docs/drills/drop-instance.md",
  },
  "slow-instance": {
    kind: "fault",
    breaks:
      "the speed of one instance: it gets to run a tenth of the time, and answers all the same",
    tier: "T1",
    blast: "instance",
    fault: "slow",
    objectives: ["latency.p95", "latency.p99"],
    losesInFlight: false,
    unproven: "what a slow disk or a slow network costs: only the CPU is taken",
    page: "docs/drills/slow-instance.md",
  },
  "exhaust-memory": {
    kind: "fault",
    breaks: "one instance, by the kernel's own kill for want of memory, in a group of its own",
    tier: "T1",
    blast: "instance",
    fault: "exhaust-memory",
    objectives: ["errors", "recovery.time"],
    losesInFlight: true,
    unproven: "that no instance takes its neighbours' memory: here the limit is the drill's",
    page: "docs/drills/exhaust-memory.md",
  },
  "fill-logs": {
    kind: "fault",
    breaks: "the log of one instance: what it says to stdout and stderr cannot be written",
    tier: "T1",
    blast: "instance",
    fault: "fill-logs",
    objectives: ["errors", "latency.p95", "latency.p99"],
    losesInFlight: false,
    unproven: "what a full disk says (ENOSPC), nor logs that are written to other files",
    page: "docs/drills/fill-logs.md",
  },
  "fill-volume": {
    kind: "fault",
    breaks: "a volume of a service: nothing is free on it, reads must go on",
    tier: "T2",
    blast: "unit",
    fault: "fill-volume",
    objectives: ["errors", "recovery.time"],
    losesInFlight: false,
    unproven: "that somebody is told before it is full",
    page: "docs/drills/fill-volume.md",
  },
  "dependency-down": {
    kind: "fault",
    breaks: "every instance of a service that this one needs; requests that need it not must go on",
    tier: "T2",
    blast: "unit",
    fault: "freeze",
    objectives: ["errors", "recovery.time"],
    losesInFlight: false,
    unproven: "that what fails meanwhile fails in a way that its users can bear",
    page: "docs/drills/dependency-down.md",
  },
  "dependency-slow": {
    kind: "fault",
    breaks: "the speed of every instance of a service that this one needs",
    tier: "T2",
    blast: "unit",
    fault: "slow",
    objectives: ["errors", "latency.p95", "recovery.time"],
    losesInFlight: false,
    unproven: "what a dependency costs that answers wrongly",
    page: "docs/drills/dependency-slow.md",
  },
  "kill-edge": {
    kind: "fault",
    breaks: "the edge's serving process, by SIGKILL; its sockets stay",
    tier: "T2",
    blast: "edge",
    fault: "kill-edge",
    objectives: ["errors", "recovery.time"],
    losesInFlight: "everything",
    unproven: "that users reach another machine when this one is gone",
    page: "docs/drills/kill-edge.md",
  },
  "kill-edge-holder": {
    kind: "fault",
    breaks: "the process that owns the edge's sockets, by SIGKILL",
    tier: "T2",
    blast: "edge",
    fault: "kill-edge",
    objectives: ["errors", "recovery.time"],
    losesInFlight: "everything",
    unproven: "that users reach another machine when this one is gone",
    page: "docs/drills/kill-edge-holder.md",
  },
  "reload-edge": {
    kind: "fault",
    breaks: "nothing: the edge is configured anew, with the routes that it has",
    tier: "T1",
    blast: "nothing",
    fault: "reload-edge",
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that the next configuration is a good one: the same is loaded",
    page: "docs/drills/reload-edge.md",
  },
  "upgrade-edge": {
    kind: "fault",
    breaks: "nothing: a new process of the edge takes over from the one that serves",
    tier: "T1",
    blast: "nothing",
    fault: "upgrade-edge",
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that the next version of the edge is a good one: the same is started",
    page: "docs/drills/upgrade-edge.md",
  },
  "idle-connections": {
    kind: "load",
    breaks: "nothing: as many connections as declared stay open and say nothing, under the load",
    tier: "T2",
    blast: "nothing",
    fault: undefined,
    objectives: ["connections", "errors"],
    losesInFlight: false,
    unproven: "what clients cost that send their requests byte by byte",
    page: "docs/drills/idle-connections.md",
  },
  spike: {
    kind: "load",
    breaks: "the declared load: ten times as much for a while, and then as before",
    tier: "T2",
    blast: "system",
    fault: undefined,
    objectives: ["errors", "recovery.time"],
    losesInFlight: false,
    unproven: "how much more than declared it can bear: a saturation drill says that",
    page: "docs/drills/spike.md",
  },
  saturation: {
    kind: "load",
    breaks: "one instance, out of the edge: loaded until an objective breaks",
    tier: "T2",
    blast: "instance",
    fault: undefined,
    objectives: ["errors", "latency.p95", "latency.p99"],
    losesInFlight: false,
    unproven: "what all instances hold at once: they share a machine, and what they depend on",
    page: "docs/drills/saturation.md",
  },
  "never-ready-release": {
    kind: "roll",
    breaks: "a roll, by a release that runs and never is ready",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that a release which becomes ready and then fails is taken back",
    page: "docs/drills/never-ready-release.md",
  },
  "exiting-release": {
    kind: "roll",
    breaks: "a roll, by a release that ends at once",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that a release which becomes ready and then fails is taken back",
    page: "docs/drills/exiting-release.md",
  },
  "crashing-release": {
    kind: "roll",
    breaks: "a roll, by a release that crashes half a bake after it was ready",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "anything about a release that crashes after its bake: that one stays",
    page: "docs/drills/crashing-release.md",
  },
  "failing-release": {
    kind: "roll",
    breaks: "a roll, by a release that answers 5 % of its requests with errors",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that fewer errors than are declared under rollout.abort are seen",
    page: "docs/drills/failing-release.md",
  },
  "slow-release": {
    kind: "roll",
    breaks: "a roll, by a release whose every answer takes ten times as long",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["latency.p95", "latency.p99"],
    losesInFlight: false,
    unproven: "that a release is taken back that slows down only under more load",
    page: "docs/drills/slow-release.md",
  },
  "leaking-release": {
    kind: "roll",
    breaks: "a roll, by a release that leaks memory",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that a slow leak is found: what stays below the limit in its bake is not seen",
    page: "docs/drills/leaking-release.md",
  },
  "bad-job-release": {
    kind: "roll",
    breaks: "a roll, by a job before it that fails, and by one that hangs",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "anything about the declared jobs: what a job did before it failed stays done",
    page: "docs/drills/bad-job-release.md",
  },
  "grey-instance": {
    kind: "roll",
    breaks: "one instance, which passes its checks and answers everything else with errors",
    tier: "T1",
    blast: "unit",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that an instance which fails only some of its requests is left out",
    page: "docs/drills/grey-instance.md",
  },
  "crash-loop": {
    kind: "fault",
    breaks: "one instance, five times in a row, each time that it was started again",
    tier: "T1",
    blast: "instance",
    fault: "kill",
    objectives: ["errors", "recovery.time"],
    losesInFlight: true,
    unproven: "that anybody is called",
    page: "docs/drills/crash-loop.md",
  },
  "certificate-expiry": {
    kind: "rehearsal",
    breaks: "nothing of yours: on an edge of its own a certificate expires, and is renewed",
    tier: "T0",
    blast: "nothing",
    fault: undefined,
    objectives: ["errors"],
    losesInFlight: false,
    unproven: "that anybody renews the declared certificate in time: status says how long is left",
    page: "docs/drills/certificate-expiry.md",
  },
};

export function isDrillName(name: string): name is DrillName {
  return Object.hasOwn(CATALOGUE, name);
}
