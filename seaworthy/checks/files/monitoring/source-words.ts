import type { Documents } from "../../../facts/document.ts";
import type { SourceFile } from "../../../facts/source.ts";

/** Source code and configuration: what may name a metric. Prose and lock files do not make one. */
const SPEAKING = /\.(?:java|kt|kts|scala|groovy|go|py|rb|php|rs|cs|[cm]?[jt]sx?|sql|toml)$/;
const MAPPING = /\.(?:ya?ml|properties|conf)$/;
const LOCK = /(?:^|\/)pnpm-lock\.yaml$|\.min\.js$/;
const MONITORING: ReadonlySet<string> = new Set([
  "prometheus",
  "prometheus-rules",
  "alertmanager",
  "dashboard",
  "grafana-provisioning",
]);
/** Texts longer than this are generated or data. */
const CHARACTERS_MAX = 300_000;

const WORD = /[a-zA-Z_:][\w:]{2,100}(?:[.-]\w{1,60}){0,12}/g;

const known = new WeakMap<Documents, ReadonlySet<string>>();

/**
 * The words of everything that could make a metric, as the exposition would write them: dots,
 * dashes and capitals become underscores. A name that is not among them is made by no code here,
 * unless it is put together from parts.
 */
export function sourceWords(documents: Documents): ReadonlySet<string> {
  const read = known.get(documents);
  if (read !== undefined) return read;
  const monitoring = new Set(
    documents.all.filter(({ kind }) => MONITORING.has(kind)).map(({ file }) => file.path),
  );
  const raw = new Set<string>();
  const words = new Set<string>();
  for (const file of documents.tree.files) {
    if (monitoring.has(file.path) || !isSpeaking(file)) continue;
    for (const [word] of file.text.matchAll(WORD)) raw.add(word);
  }
  for (const word of raw) if (/[_.A-Z-]/.test(word)) words.add(normal(word));
  known.set(documents, words);
  return words;
}

/** Whether code of some language is there at all. */
export function hasSource(documents: Documents): boolean {
  return documents.of("application-source").length > 0;
}

/** Libraries name these by themselves: what they count, no source of one's own says. */
const PREFIXES = [
  "http https grpc rpc graphql sql db django flask starlette fastapi gin echo fiber rails",
  "rack puma sidekiq celery laravel symfony aspnetcore dotnet express nest next trpc otel",
  "process app application api server client requests?",
];
const GENERIC = new RegExp(`^(?:${PREFIXES.join(" ").replaceAll(" ", "|")})_`);

/** Whether an instrumentation that the programs depend on may make this metric. */
export function mayBeLibrary(documents: Documents, metric: string): boolean {
  if (!GENERIC.test(metric)) return false;
  return documents
    .of("application-manifest")
    .some(({ dependencies }) =>
      [...dependencies.keys()].some((name) =>
        /prom(?:etheus|-|_|$)|telemetry|otel|micrometer|actuator|metrics|instrument/i.test(name),
      ),
    );
}

function isSpeaking({ path, text }: SourceFile): boolean {
  if (text.length > CHARACTERS_MAX || LOCK.test(path)) return false;
  return SPEAKING.test(path) || MAPPING.test(path) || !path.includes(".");
}

function normal(word: string): string {
  return word
    .replaceAll(/[.-]/g, "_")
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** What client libraries and exporters append to the name that the code gives. */
const SUFFIX = /_(?:total|bucket|count|sum|max|created|seconds|milliseconds|bytes|info|ratio)$/;

/**
 * Whether some word is this metric without its suffixes, or without a namespace before it: clients
 * put `namespace`, `subsystem` and name together.
 */
export function isSpokenOf(words: ReadonlySet<string>, metric: string): boolean {
  let name = metric.toLowerCase();
  for (;;) {
    if (words.has(name) || hasTail(words, name)) return true;
    const shorter = name.replace(SUFFIX, "");
    if (shorter === name) return false;
    name = shorter;
  }
}

/** At least two words must be left after the namespace: `requests` alone is in every program. */
function hasTail(words: ReadonlySet<string>, name: string): boolean {
  const parts = name.split("_");
  for (let start = 1; start <= parts.length - 2 && start <= 3; start += 1) {
    if (!words.has(parts.slice(start).join("_"))) continue;
    if (words.has(parts.slice(0, start).join("_")) || start === 1) return true;
  }
  return false;
}
