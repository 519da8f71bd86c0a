/** Names whose value opens something. `*_FILE`, `*_KEY_ID` and public keys open nothing. */
const SECRET = ending(
  "pass(word|wd|phrase)? secret token api[-_]?key private[-_]?key encryption[-_]?key credential " +
    "auth[-_]?key signing[-_]?key",
);
const HARMLESS = ending(
  "file path id name header ttl expir\\w* length algorithm type url enabled policy " +
    "public[-_]?key arn allow[-_]?credential cacerts use[-_]?credential",
);

/** They are called so and open nothing: a cluster's name, a switch, the JVM's own store. */
const NO_SECRET = /initial[-_]cluster[-_]token|discovery[-_]token$|allow[-_]?credentials|cacerts/i;

function alternatives(words: string): string {
  return words.replaceAll(" ", "|");
}

function ending(words: string): RegExp {
  return new RegExp(`(${alternatives(words)})s?$`, "i");
}

/** The last part of a dotted key, or a variable's name, says that its value is a secret. */
export function isSecretName(name: string): boolean {
  const last = name.slice(name.lastIndexOf(".") + 1).replace(/\[\d+\]$/, "");
  return SECRET.test(last) && !HARMLESS.test(last) && !NO_SECRET.test(name);
}

/** Words of tutorials and defaults of products. */
const TUTORIAL = new RegExp(
  `^(${alternatives(
    "admin root user guest test pass passwd password passw0rd secret changeme changeit default " +
      "change[-_]?me example postgres mysql redis minio minioadmin rabbitmq grafana " +
      "prom-operator letmein qwerty welcome 1234\\d* abc123 none todo tbd dummy placeholder " +
      "secure[-_]?password strong[-_]?password my[-_]?(secret|password) super[-_]?secret x{3,}",
  )})\\d{0,4}!?$`,
  "i",
);
const SPOKEN = new RegExp(
  alternatives(
    "(^|[-_\\s])your[-_\\s] change[-_\\s]?(me|this|in[-_\\s]prod) replace[-_\\s]?(me|this|with) " +
      "^<[^>]*>$ insert[-_\\s] not-for-production for-development dev-(only|jwt|secret) " +
      "example[-_]?(key|secret|password) here$ xxx",
  ),
  "i",
);

/** A value that somebody wrote to show where the real one goes, or that every attacker tries. */
export function isPlaceholder(name: string, value: string): boolean {
  const text = value.trim();
  if (text === "" || /^\$[({\w]/.test(text) || text.startsWith("{{")) return false;
  const dsn = /:\/\/([\w-]{1,60}):([^@\s/$]{1,100})@/.exec(text);
  if (dsn !== null) return TUTORIAL.test(dsn[2] ?? "") || SPOKEN.test(dsn[2] ?? "");
  return TUTORIAL.test(text) || SPOKEN.test(text) || text.toLowerCase() === name.toLowerCase();
}

/** The default of `${NAME:default}` or `${NAME:-default}`, when it is a literal that works. */
export function literalDefault(value: string): string | undefined {
  const [, fallback] = /\$\{[\w.-]{1,100}:-?([^}]{0,300})\}/.exec(value) ?? [];
  return fallback === undefined || fallback === "" || fallback.includes("$") ? undefined : fallback;
}
