/** What stands where a secret stood. */
const MASK = "•••";
/** Longer lines are generated; nothing in them is shown. */
export const LINE_CHARACTERS_MAX = 2_000;

/** A word that tells a secret, inside a longer name: `DB_PASSWORD`, `apiKey`, `auth_pass`. */
const TELLING =
  "pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|" +
  "signing[-_]?key|encryption[-_]?key|credentials?|bearer|authorization|salt|cookie[-_]?key|" +
  "webhook(?:[-_]?url)?|slack[-_]?api[-_]?url|dsn|psk|passcode|license[-_]?key";
const NAME = `[\\w.-]{0,60}(?:${TELLING})[\\w.-]{0,60}`;

/** `name: value`, `"name": "value"`, `NAME=value`, `--name value`, `name => value`. */
const ASSIGNED = new RegExp(`(["']?(?:${NAME})["']?\\s{0,20}(?:[:=]>?|\\s)\\s{0,20})(.+)$`, "i");
const URL_USER = /([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/"']{0,100}:)([^\s@"']{1,200})(?=@)/gi;
/**
 * Short options that take a password somewhere: `sshpass -p`, `ldapsearch -w`, `openssl -k`. Whose
 * they are is not asked: a number, a port, a path and a switch are shown, a word is not.
 */
const SHORT_OPTION = /(\s-[pPwk]\s+|\s-p(?=[^\s-]))("[^"]*"|'[^']*'|[^\s|;&"'[\],]+)/g;
/** A word whose look says that it is no secret: numbers, ports, paths, addresses, references. */
const PLAIN_WORD = /^(?:[\d:.,]+(?:\/(?:tcp|udp))?|[^\s]*\/[^\s]*|\$.*|-.*|tcp|udp|all|yes|no)$/;
/** The last words of programs that are given a name and a password. */
const LAST_WORDS: readonly RegExp[] = [
  /(\bhtpasswd\s(?:[^|;&]{0,200}\s)?-\w*b\w*\s+\S+\s+\S+\s+)(\S+)/g,
  /(\brabbitmqctl\s+(?:add_user|change_password)\s+\S+\s+)(\S+)/g,
  /(\bchpasswd\b.{0,20}<<<\s*\S*?:)(\S+)/g,
  /(\becho\s+["']?\w{1,40}:)([^\s"']+)(?=["']?\s*\|\s*chpasswd)/g,
  new RegExp(
    String.raw`(\becho\s+(?:-n\s+)?["']?)([^\s"'$][^\s"']*)` +
      String.raw`(?=["']?\s*\|[^|]{0,60}(?:--password-stdin|passwd))`,
    "g",
  ),
];
/** Addresses that are secrets themselves: whoever has one may post. */
const HOOKS =
  /(\bhttps?:\/\/(?:hooks\.slack\.com\/services|discord(?:app)?\.com\/api\/webhooks)\/)(\S+)/gi;
/** `access_token=…` and the like inside of an address. */
const QUERY = /([?&](?:access_token|token|key|sig|signature|api_key|apikey)=)([^\s&"']+)/gi;

/** What a program calls a password without naming it so. */
const POSITIONAL: readonly RegExp[] = [
  /(\bstats\s+auth\s+[^\s:]{1,100}:)(\S+)/gi,
  /(\bpassword\s+)('[^']*')/gi,
  /(\bidentified\s+(?:with\s+\S{1,60}\s+)?by\s+)('[^']*'|"[^"]*"|\S+)/gi,
  /(\bmysql(?:dump|admin)?\b[^|;]{0,300}?\s-p)([^\s-]\S*)/gi,
  /(\b(?:curl|wget)\b[^|;]{0,300}?\s(?:-u|--user)[ =]?["']?[^\s:"']{1,100}:)([^\s"']+)/gi,
  /(\b(?:mysql|mariadb)\w*(?:-\w+)?\b[^|;]{0,300}?\s-p)([^\s-]\S*)/gi,
  // `["redis-server", "--requirepass", "…"]`
  /("--?[\w-]{0,40}(?:pass|password|requirepass|masterauth|token|secret)"\s*,\s*)("[^"]*")/gi,
  HOOKS,
  QUERY,
  ...LAST_WORDS,
  /(\bredis-cli\b[^|;]{0,300}?\s-a\s+)(\S+)/gi,
  /(\brequirepass\s+|\bmasterauth\s+)(\S+)/gi,
  /(\b(?:basic|bearer)\s+)([\w+/=.-]{8,})/gi,
  // `{ name: DB_PASSWORD, value: … }`
  new RegExp(
    `(\\bname["']?\\s{0,5}:\\s{0,5}["']?${NAME}["']?\\s{0,5},` +
      `\\s{0,5}["']?value["']?\\s{0,5}:\\s{0,5})` +
      `("[^"]*"|'[^']*'|[^\\s,}]+)`,
    "gi",
  ),
];
/** Forms that issuers give their secrets. */
const ISSUED = new RegExp(
  [
    ...[
      "\\bAKIA[0-9A-Z]{16}",
      "\\bgh[pousr]_\\w{20,}",
      "\\bsk-[\\w-]{8,}",
      "\\bxox[abprs]-[\\w-]{8,}",
    ],
    ...["\\bglpat-[\\w-]{8,}", "\\beyJ[\\w-]{10,}\\.[\\w.-]{10,}", "\\b[A-Za-z0-9+/]{60,}={0,2}"],
  ].join("|"),
  "g",
);

/** Long words of small and large letters and figures mixed: people do not write such words. */
const RANDOM = new RegExp(
  String.raw`(?<![\w/.-])(?=[A-Za-z0-9_-]{0,60}[a-z])(?=[A-Za-z0-9_-]{0,60}[A-Z])` +
    String.raw`(?=(?:[A-Za-z_-]{0,60}\d){3})[A-Za-z0-9_-]{20,200}(?![\w/.])`,
  "g",
);

/** A line with every value that looks like a secret taken out; names and references stay. */
export function maskLine(line: string): string {
  if (line.length > LINE_CHARACTERS_MAX) return "(a line too long to be shown)";
  // `.` matches no line end, and files of Windows have one more at each.
  const plain = line.replaceAll(/[\r\n\u2028\u2029]/g, " ").trimEnd();
  let masked = plain.replace(URL_USER, (all, before: string, value: string) =>
    isReference(value) ? all : `${before}${MASK}`,
  );
  for (const form of POSITIONAL) {
    masked = masked.replace(form, (all, before: string, value: string) =>
      isReference(value) ? all : `${before}${MASK}`,
    );
  }
  masked = masked.replace(ASSIGNED, (all, before: string, value: string) =>
    isReference(value) || isProse(before, value) ? all : `${before}${MASK}`,
  );
  masked = masked.replace(SHORT_OPTION, (all, before: string, value: string) =>
    PLAIN_WORD.test(value.replace(/^["']|["']$/g, "")) ? all : `${before}${MASK}`,
  );
  return masked.replace(ISSUED, MASK).replace(RANDOM, MASK);
}

/** `PGPASSWORD` in `name: PGPASSWORD`: the `value` beside it is secret. */
export function isTelling(name: string): boolean {
  return TOLD.test(name);
}

const TOLD = new RegExp(`^${NAME}$`, "i");

/** Every value of a YAML line, for documents whose values are all secret. */
export function maskValue(line: string): string {
  return line.replace(
    /^(\s*(?:-\s+)?["']?[\w./-]{1,200}["']?\s*:\s*)(?![|>]?[-+]?\s*$)(.+)$/,
    `$1${MASK}`,
  );
}

/** A variable, a path, a template, a switch: it says where the secret is, not what it is. */
function isReference(value: string): boolean {
  const bare = value.trim().replace(/^["']|["',;]*$/g, "");
  if (bare === "" || bare === "{" || bare === "[" || bare === "|" || bare === ">") return true;
  if (/^(?:\$\w+|\$\{\w+\}|\$\{\w+:?\?[^}]*\}|\$\(.*\)|\{\{.*\}\}|%\(\w+\)s)$/.test(bare))
    return true;
  if (/^\$\{\{.*\}\}$/.test(bare) || /^(?:true|false|null|none|yes|no|\d{1,3})$/i.test(bare))
    return true;
  return /^(?:\/run\/secrets\/|\/var\/run\/secrets\/|!reference\b)/.test(bare);
}

/** `token bucket`, `password for the user`: a space alone assigns only behind an option. */
function isProse(before: string, value: string): boolean {
  if (/[:=]/.test(before)) return false;
  if (/\b(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass\s+$/i.test(before)) return true;
  return !/--?["']?[\w.-]*$/.test(before.trimEnd()) && /\s/.test(value.trim());
}
