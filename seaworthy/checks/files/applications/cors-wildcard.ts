import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { FileRule, Found } from "../file-rule.ts";

export const corsWildcard: FileRule = {
  name: "cors-wildcard",
  summary: "every site may call an interface that asks for credentials",
  check: (unit) => [...inSpring(unit), ...inNginx(unit)],
};

const FIX = "list the origins that may call";
const WHY =
  "a page of anybody's can use what your user's browser is allowed to do; nobody sees it until " +
  "the data is elsewhere";

function inSpring(unit: Unit): readonly Found[] {
  return unit.documents.of("spring-configuration").flatMap((document): readonly Found[] => {
    const origins = document.keys.find(
      ({ key, value }) => /allowed-?origin(s|-patterns)?(\[0\])?$/i.test(key) && value === "*",
    );
    const guarded = document.keys.find(({ key }) => /jwt|api-key|oauth|credentials$/.test(key));
    if (origins === undefined || guarded === undefined) return [];
    return [
      {
        severity: "warning",
        message: `${origins.key} is "*" in a configuration that asks for credentials`,
        places: [at(document.file, origins.line), at(document.file, guarded.line)],
        why: WHY,
        fix: FIX,
      },
    ];
  });
}

/** `Access-Control-Allow-Origin: *` beside `-Credentials: true`. */
function inNginx(unit: Unit): readonly Found[] {
  return unit.documents.of("nginx").flatMap((document): readonly Found[] =>
    [...walk(document.directives)].flatMap(({ directive }): readonly Found[] => {
      const headers = (directive.block ?? []).filter(({ name }) => name === "add_header");
      const origin = headers.find(
        ({ words }) => /^access-control-allow-origin$/i.test(words[0] ?? "") && words[1] === "*",
      );
      const credentials = headers.find(
        ({ words }) =>
          /^access-control-allow-credentials$/i.test(words[0] ?? "") && words[1] === "true",
      );
      if (origin === undefined || credentials === undefined) return [];
      return [
        {
          severity: "warning",
          message: "every origin is allowed, credentials too",
          places: [at(document.file, origin.line), at(document.file, credentials.line)],
          why: WHY,
          fix: FIX,
        },
      ];
    }),
  );
}
