import type { Admitted } from "./admitted.ts";
import type { Endpoint } from "./endpoint.ts";
import { keyOf } from "./hash-key.ts";

/** Who gets the next try of a request; `mayRepeat`: one that was tried, where there is no other. */
export function chooseEndpoint(
  admitted: Admitted,
  tried: readonly Endpoint[],
  mayRepeat: boolean,
): Endpoint | undefined {
  const { route, direct } = admitted;
  if (direct !== undefined) return direct;
  return route.balance === "consistent-hash"
    ? route.to.chooseByKey(keyOf(admitted), tried, mayRepeat)
    : route.to.choose(route.balance, tried, mayRepeat);
}
