import type { FileRule } from "../file-rule.ts";
import { adminEndpointPublic } from "./admin-endpoint-public.ts";
import { clientIpLost } from "./client-ip-lost.ts";
import { dnsCachedUpstream } from "./dns-cached-upstream.ts";
import { doubleLogRotation } from "./double-log-rotation.ts";
import { frontDoorsDisagree } from "./front-doors-disagree.ts";
import { limitChainInverted } from "./limit-chain-inverted.ts";
import { plainHttpServed } from "./plain-http-served.ts";
import { securityHeaderDropped } from "./security-header-dropped.ts";
import { sharedCacheOfPrivatePages } from "./shared-cache-of-private-pages.ts";
import { staticHealthAnswer } from "./static-health-answer.ts";
import { upstreamNobodyListens } from "./upstream-nobody-listens.ts";

export const PROXIES_RULES: readonly FileRule[] = [
  upstreamNobodyListens,
  adminEndpointPublic,
  frontDoorsDisagree,
  plainHttpServed,
  staticHealthAnswer,
  limitChainInverted,
  clientIpLost,
  sharedCacheOfPrivatePages,
  dnsCachedUpstream,
  doubleLogRotation,
  securityHeaderDropped,
];
