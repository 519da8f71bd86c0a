import { readPair } from "@seaworthy/gateway/tls-pair";
import type { Graph } from "../../../plan/graph.ts";
import { TargetError } from "../../target.ts";
import { innerRoutesOf } from "../edge-config.ts";
import { edgeFiles, type Defined, type EdgeFiles } from "../edge-files.ts";
import { definitionsAfter, type Spoken } from "./definitions.ts";
import type { EdgeKeeper } from "./edge-keeper.ts";
import { isFree, type Ports } from "./ports.ts";
import { takenPorts } from "./spawn-instance.ts";
import { isEmpty, type SupervisorState } from "./state.ts";
import type { World } from "./world.ts";

interface Definer {
  readonly world: Pick<World, "ledger" | "ports">;
  readonly edge: Pick<EdgeKeeper, "push">;
}

/**
 * What the system now is: definitions of units, public listeners, inner addresses. What the graph
 * no longer names stays defined until it is removed. Resolves when the edge routes by it; where
 * the edge refuses it, the system is what it was before.
 */
export async function defineGraph(definer: Definer, defined: Definition): Promise<void> {
  const { graph, systemFolder, spoken = {}, operation } = defined;
  const { ledger, ports: free } = definer.world;
  await mustLoad(edgeFiles(defined), edgeFiles(ledger.state));
  const ports = await choosePorts(free, ledger.state, graph);
  const former = ledger.state;
  await ledger.intend((state) => ({
    ...state,
    graph,
    before: beforeOf(state, operation),
    systemFolder,
    definitions: definitionsAfter(state, graph, spoken),
    units: { ...state.units, ...Object.fromEntries(graph.units.map((unit) => [unit.name, unit])) },
    ports,
  }));
  try {
    await definer.edge.push();
  } catch (error) {
    await putBack(definer, former);
    throw error;
  }
}

/**
 * Or every later push would be refused by what nobody serves: the next port that changes, the next
 * restart of the edge. Nothing was started by it yet. A supervisor that dies before this is done
 * leaves it to the next definition.
 */
async function putBack({ world, edge }: Definer, former: SupervisorState): Promise<void> {
  const { graph, before, systemFolder, definitions, ports } = former;
  await world.ledger.record((state) => ({
    ...state,
    ...{ graph, before, systemFolder, definitions, ports },
    // Of a first definition they stay: `down` ends by them the edge that it has started.
    units: isEmpty(former) ? state.units : former.units,
  }));
  // What refused the new one may refuse this one, too, as a full disk does: it is kept trying.
  await edge.push().catch(() => {});
}

/** An operation may define several times, and its runs may die between: its first one counts. */
export function beforeOf(
  { graph, before }: Pick<SupervisorState, "graph" | "before">,
  operation: string | undefined,
): SupervisorState["before"] {
  if (operation === undefined || before?.operation === operation) return before;
  return { operation, graph };
}

interface Definition extends Defined {
  readonly graph: Graph;
  /** Left out: what an older client sends. */
  readonly spoken?: Spoken | undefined;
  readonly operation?: string | undefined;
}

/**
 * Before anything is written: an edge without its certificate would refuse every later step. Files
 * that it has served from before are its own business: it goes on with the last good pair.
 */
async function mustLoad(
  files: EdgeFiles | undefined,
  before: EdgeFiles | undefined,
): Promise<void> {
  if (files === undefined) return;
  if (files.certificate === before?.certificate && files.key === before.key) return;
  const pair = await readPair({ certificateFile: files.certificate, keyFile: files.key });
  if (pair.ok) return;
  throw new TargetError("failed", `the edge's certificate: ${pair.error}`, {
    fix: "mend the files that edge.tls names; what serves now goes on with its own",
  });
}

async function choosePorts(
  free: Ports,
  state: SupervisorState,
  graph: Graph,
): Promise<SupervisorState["ports"]> {
  const chosen = () => free.choose(takenPorts(state));
  const inner: Record<string, number> = { ...state.ports.inner };
  for (const { service } of innerRoutesOf(graph)) inner[service] ??= await chosen();
  const listen: number[] = [];
  for (const [index, { host, port }] of (graph.edge?.listen ?? []).entries()) {
    const before = state.graph?.edge?.listen[index];
    const kept = state.ports.public[index];
    const same = before?.host === host && before.port === port && kept !== undefined;
    if (same) listen.push(kept);
    else if (port === 0) listen.push(await chosen());
    else listen.push(await declared(host, port, state));
  }
  return { public: listen, inner };
}

async function declared(host: string, port: number, state: SupervisorState): Promise<number> {
  if (state.ports.public.includes(port) || (await isFree(host, port))) return port;
  throw new TargetError("failed", `${host}:${port} is taken by another program`, {
    fix: `stop what listens there, or declare another edge.listen (port 0: a free one)`,
  });
}
