import type { GatewayStatus } from "@seaworthy/gateway/control";
import type { Clock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import {
  lastsMs,
  subjectOf,
  type EdgePart,
  type Fault,
  type FaultHandle,
  type ProcessIdentity,
} from "../../../record/fault.ts";
import { TargetError } from "../../target.ts";
import { childrenOf, groupOf, markedBy, seeSame } from "../identity.ts";
import type { SupervisorState } from "../supervisor/state.ts";
import { volumeFolder } from "./fill-volume.ts";
import { groupFor } from "./memory-group.ts";
import type { PossibleFaults } from "./possible.ts";

/** What was seen just now of the system that is to be broken. */
export interface Preparing extends PossibleFaults {
  readonly state: SupervisorState | undefined;
  readonly edge: () => Promise<GatewayStatus | undefined>;
  readonly volumes: string;
  readonly clock: Clock;
}

type Details = Pick<FaultHandle, "processes" | "port" | "path" | "group" | "edge">;

/** Resolves identities, touches nothing. `TargetError` where this cannot be broken here. */
export async function prepareFault(fault: Fault, preparing: Preparing): Promise<FaultHandle> {
  if (!preparing.faults.has(fault.kind)) {
    const gap = preparing.faultGaps[fault.kind];
    const message = `${fault.kind} is not possible here${gap === undefined ? "" : `: it ${gap}`}`;
    throw new TargetError("unsupported", message);
  }
  const id = `f${freshId()}`;
  const undoByWallMs = preparing.clock.wall() + lastsMs(fault);
  return { id, fault, undoByWallMs, ...(await details(fault, { ...preparing, id })) };
}

async function details(
  fault: Fault,
  preparing: Preparing & { readonly id: string },
): Promise<Details> {
  switch (fault.kind) {
    case "kill":
    case "freeze":
    case "fill-logs":
      return { processes: ofInstance(fault.instance, preparing).processes };
    case "drop": {
      const { processes, port } = ofInstance(fault.instance, preparing);
      return { processes, port };
    }
    case "slow":
      return ofInstance(fault.instance, preparing);
    case "exhaust-memory": {
      const { processes } = ofInstance(fault.instance, preparing);
      const group = groupFor(processes[0]?.pid ?? "self", preparing.id);
      if (!group.ok) throw new TargetError("unsupported", group.error);
      return { processes, group: group.value };
    }
    case "fill-volume": {
      const folder = await volumeFolder({ fault }, preparing);
      if (!folder.ok) throw unfillable(folder.error, fault);
      return { processes: [] };
    }
    case "kill-edge":
      return { processes: [await ofEdge(fault.part, preparing)] };
    case "reload-edge":
    case "upgrade-edge": {
      const now = await preparing.edge();
      if (now === undefined) throw new TargetError("unreachable", "the edge does not answer");
      return { processes: [], edge: { generation: now.generation, workerPid: now.workerPid } };
    }
  }
}

/** The leader first: its group is what signals go to. */
function ofInstance(instance: string, { state }: Preparing) {
  const record = state?.instances[instance];
  const leader = record?.identity === undefined ? undefined : seeSame(record.identity)?.identity;
  if (record === undefined || leader === undefined) {
    throw new TargetError("no-such-instance", `${instance} does not run here`);
  }
  const unit = state?.units[record.unit];
  const others = groupOf(leader).filter(({ pid }) => pid !== leader.pid);
  const path = unit?.kind === "service" ? unit.ready.path : "/";
  return { processes: [leader, ...others], port: record.port, path };
}

/** Of whatever takes users' requests: the gateway, or the program in front of it. */
async function ofEdge(part: EdgePart, { state, edge }: Preparing): Promise<ProcessIdentity> {
  const recorded = state?.front?.identity ?? state?.gateway.identity;
  const holder = recorded === undefined ? undefined : seeSame(recorded)?.identity;
  if (holder === undefined) throw new TargetError("no-such-instance", "the edge does not run here");
  if (part === "holder") return holder;
  const serving = (await edge())?.workerPid;
  // Who serves is told by the edge, and believed of what bears our mark: a worker may outlive the
  // holder that started it, and be no child of the one that there is now.
  const marked = markedBy(state?.owner ?? "").map(({ process }) => process.identity);
  const worker = marked.find(({ pid }) => pid === serving) ?? childrenOf(holder).at(-1);
  if (worker !== undefined) return worker;
  throw new TargetError("no-such-instance", "the edge has no worker just now");
}

function unfillable(because: string, fault: Extract<Fault, { kind: "fill-volume" }>): TargetError {
  const fix = `declare a size for ${subjectOf(fault)}: { name: "${fault.volume}", size: "1GiB" }`;
  return new TargetError("unsupported", because, { fix });
}
