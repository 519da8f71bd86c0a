import type { ProcessIdentity } from "../../../record/fault.ts";
import type { EdgeProvider } from "./edge-provider.ts";
import { EdgeProcess } from "./edge-process.ts";
import { HaproxyProvider } from "./haproxy-provider.ts";
import { NginxProvider } from "./nginx-provider.ts";
import { frontInstance } from "./paths.ts";
import type { FrontRecord, SupervisorState } from "./state.ts";
import type { World } from "./world.ts";

/** HAProxy and nginx end at once when told to; what is in flight was drained before. */
const STOP_MS = 5_000;

/** What takes users' requests in front of the instances, where the gateway does not. */
export function frontProvider(name: FrontRecord["provider"], world: World): EdgeProvider {
  switch (name) {
    case "haproxy":
      return new HaproxyProvider(world, processOf(name, world));
    case "nginx":
      return new NginxProvider(world, processOf(name, world));
  }
}

function processOf(provider: FrontRecord["provider"], world: World): EdgeProcess {
  return new EdgeProcess(world, {
    instance: frontInstance(provider),
    stopMs: STOP_MS,
    read: ({ front }) => (front?.provider === provider ? front.identity : undefined),
    write: (state, identity) => withFront(state, provider, identity),
  });
}

function withFront(
  state: SupervisorState,
  provider: FrontRecord["provider"],
  identity: ProcessIdentity | undefined,
): SupervisorState {
  // One that makes way for another is ended after that one stands in the state.
  const isOther = state.front !== undefined && state.front.provider !== provider;
  if (identity === undefined && isOther) return state;
  return { ...state, front: { provider, identity } };
}
