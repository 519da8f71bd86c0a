import type { EdgeProvider as ProviderName } from "../../../system/system.ts";
import { TargetError } from "../../target.ts";
import type { EdgeProvider } from "./edge-provider.ts";
import type { World } from "./world.ts";

/** What takes users' requests in front of the instances, where the gateway does not. */
export function frontProvider(name: Exclude<ProviderName, "gateway">, _world: World): EdgeProvider {
  throw new TargetError("unsupported", `the edge cannot be ${name} here yet`);
}
