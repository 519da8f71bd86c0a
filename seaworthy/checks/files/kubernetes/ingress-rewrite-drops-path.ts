import { annotationOf, ingressesOf, ingressRoutes } from "../../../facts/kubernetes/ingress.ts";
import { at } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";

const REWRITE = "nginx.ingress.kubernetes.io/rewrite-target";

/** https://kubernetes.github.io/ingress-nginx/examples/rewrite/ (captured groups since 0.22) */
export const ingressRewriteDropsPath: FileRule = {
  name: "ingress-rewrite-drops-path",
  summary: "an Ingress rewrites every path below a prefix to one and the same path",
  check: ({ documents }) =>
    ingressesOf(documents).flatMap((ingress): readonly Found[] => {
      const rewrite = annotationOf(ingress, REWRITE);
      if (rewrite === undefined || rewrite.value.includes("$")) return [];
      if (!/^\/[\w/.-]*$/.test(rewrite.value)) return [];
      const routes = ingressRoutes(documents).filter(
        (route) =>
          route.ingress === ingress &&
          route.prefix &&
          route.path !== rewrite.value &&
          route.path !== "/",
      );
      const [first] = routes;
      if (first === undefined) return [];
      const paths = listed(routes.map(({ path }) => path));
      return [
        {
          severity: isSample(ingress.file.path) ? "note" : "error",
          message: `Ingress ${ingress.name} turns everything below ${paths} into ${rewrite.value}`,
          places: [rewrite.at, ...routes.map(({ pathLine }) => at(ingress.file, pathLine))],
          why:
            `a request for ${first.path}/orders/7 reaches the application as ${rewrite.value}: ` +
            "every address below the prefix gets the start page or 404, from the first request",
          fix:
            `delete the annotation if the application serves ${first.path} itself; else write ` +
            `path: ${first.path}(/|$)(.*) with pathType: ImplementationSpecific, ` +
            'rewrite-target: /$2 and use-regex: "true"',
        },
      ];
    }),
};
