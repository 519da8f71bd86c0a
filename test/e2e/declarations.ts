/** Declarations that the end-to-end tests run; small builders with defaults. */

interface ServiceText {
  readonly build?: string;
  readonly command?: string;
  readonly replicas?: number;
  readonly env?: string;
  readonly more?: string;
}

/** A system with one service called `web` behind an edge. Short windows, so that tests end. */
export function aSystem(service: ServiceText = {}, more = ""): string {
  const {
    build = "./apps/web",
    command = `["node", "main.ts"]`,
    replicas = 2,
    env = "{}",
    more: fields = "",
  } = service;
  return `import { defineSystem, edge, service } from "seaworthy";

export default defineSystem({
  name: "shop",
  services: {
    web: service({
      run: { build: "${build}", command: ${command} },
      port: 8080,
      replicas: ${replicas},
      boot: "6s", drain: "2s", stop: "3s",
      env: ${env},
      rollout: { strategy: "rolling", surge: 1, bake: "1s", bakeRequests: 10 },
      ${fields}
    }),
  },
  edge: edge({ routes: { "/": "web" } }),
  objectives: { errors: "1%" },
  load: { rate: "50/s", mix: [{ GET: "/", weight: 1 }] },
  drills: { warmUp: "1s", baseline: "2s", window: "8s", freeze: "3s" },
  ${more}
});
`;
}
