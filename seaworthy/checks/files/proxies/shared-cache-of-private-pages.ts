import { at } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { NginxDirective, NginxDocument } from "../../../facts/proxies/proxies.ts";
import type { FileRule, Found } from "../file-rule.ts";

const COOKIES = /cookie|authorization|\$http_x_(api|auth)|session/i;
/** Only these locations may be cached for everybody without a word about who asks. */
const STATIC = /static|assets|media|images?|fonts?|_next|\.(?:css|js|png|jpg|svg|woff)|\\\./i;

export const sharedCacheOfPrivatePages: FileRule = {
  name: "shared-cache-of-private-pages",
  summary: "nginx caches pages for everybody that may differ from user to user",
  check: (unit) => unit.documents.of("nginx").flatMap(inDocument),
};

function inDocument(document: NginxDocument): readonly Found[] {
  return [...walk(document.directives)].flatMap(({ directive, within }): readonly Found[] => {
    if (directive.name !== "proxy_cache" || directive.words[0] === "off") return [];
    const chain = within.toReversed();
    const location = chain.find(({ name }) => name === "location");
    if (STATIC.test(location?.words.join(" ") ?? "")) return [];
    const caches = find(chain, "proxy_cache_valid");
    if (caches === undefined || !keepsPages(caches) || asksWho(chain)) return [];
    const path = location?.words.at(-1) ?? "every path";
    // Whoever caches one path of its own knows what is there; `/` and an interface hold anything.
    const isWide = /^(every path|\/|\/api(\/v\d+)?\/?|\/(account|user|me|admin)\b.*)$/.test(path);
    const severity = isWide ? (ignoresPrivacy(chain) ? "error" : "warning") : "note";
    return [
      {
        severity,
        message: `${path} is cached for everybody; neither key nor bypass knows who asks`,
        places: [at(document.file, directive.line), at(document.file, caches.line)],
        why:
          "an answer made for one user, where the application does not mark it private, " +
          "is served to the next: a leak of data",
        fix: "proxy_cache_bypass and proxy_no_cache on $http_authorization and the session cookie",
      },
    ];
  });
}

/** nginx keeps no answer with Set-Cookie or `Cache-Control: private`, unless it is told to. */
function ignoresPrivacy(chain: readonly NginxDirective[]): boolean {
  const words = find(chain, "proxy_ignore_headers")?.words ?? [];
  return words.some((word) => /^(set-cookie|cache-control)$/i.test(word));
}

function find(chain: readonly NginxDirective[], name: string): NginxDirective | undefined {
  for (const block of chain) {
    const found = block.block?.find((child) => child.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keepsPages({ words }: NginxDirective): boolean {
  return words.length === 1 || words.some((word) => word === "200" || word === "any");
}

/** The key, a bypass or a refusal to store depends on a cookie or a credential. */
function asksWho(chain: readonly NginxDirective[]): boolean {
  const names = ["proxy_cache_key", "proxy_cache_bypass", "proxy_no_cache"];
  return names.some((name) => COOKIES.test(find(chain, name)?.words.join(" ") ?? ""));
}
