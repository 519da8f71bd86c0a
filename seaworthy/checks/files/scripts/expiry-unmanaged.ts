import { invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { at, type Location, type SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { certificatesRead } from "./missing-certificates.ts";
import { listed, scriptsOf } from "./scripts-of.ts";

/** Something ends on a day that nobody watches. */
export const expiryUnmanaged: FileRule = {
  name: "expiry-unmanaged",
  summary: "a certificate that is renewed elsewhere than it is read, or keys with one fixed end",
  check: (unit) => [...renewedElsewhere(unit), ...fixedDates(unit)],
};

/** certbot renews below /etc/letsencrypt; a proxy that reads another file goes on with the old. */
function renewedElsewhere(unit: Unit): readonly Found[] {
  const all = scriptsOf(unit.repository).flatMap((script) =>
    script.shell.commands.map((command) => ({ command, place: script.place(command.line) })),
  );
  const renews = all.find(({ command }) => isCertbot(command));
  if (renews === undefined || all.some(({ command }) => carriesOver(command))) return [];
  const nginxOwn = renews.command.expanded.includes("--nginx");
  const stale = certificatesRead(unit).filter(
    ({ path, by }) =>
      !/letsencrypt|acme|snakeoil|selfsigned|self-signed/.test(path) &&
      !(nginxOwn && by === "nginx"),
  );
  const [first] = stale;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `certbot renews below /etc/letsencrypt, and ${first.by} reads ` +
        `\`${first.path}\`, which no step refreshes`,
      places: [renews.place, ...stale.slice(0, 3).map(({ place }) => place)],
      why:
        "Ninety days after the first certificate every visitor gets a warning, on a night " +
        "or a Sunday.",
      fix:
        first.by === "HAProxy"
          ? `A deploy hook: \`cat fullchain.pem privkey.pem > ${first.path} && systemctl ` +
            `reload haproxy\`.`
          : "Read the files below /etc/letsencrypt/live, or copy them in a deploy hook and reload.",
    },
  ];
}

function isCertbot({ expanded }: ShellCommand): boolean {
  const run = invocationOf(expanded);
  return run?.program === "certbot" || run?.program === "certbot-auto";
}

/** A hook, or a copy of what was renewed. */
function carriesOver({ expanded }: ShellCommand): boolean {
  if (expanded.some((word) => /^--(?:deploy|post|renew)-hook/.test(word))) return true;
  return expanded.some((word) => /renewal-hooks|letsencrypt\/(?:live|archive)\//.test(word));
}

const DATED = new RegExp(
  "^[ \\t]{0,40}(?:- )?[\"']?[\\w.-]{0,60}(?:expir|valid[-_]until|not[-_]after)" +
    "[\\w.-]{0,40}[\"']?" +
    "[ \\t]{0,8}[:=][ \\t]{0,8}[\"']?(?:\\$\\{[\\w.]{1,80}:-?)?(20[2-4]\\d-[01]\\d-[0-3]\\d)",
  "i",
);
/** Configuration is short; longer lines and files are data. */
const TEXT_MAX = 200_000;

const LISTS = /(?:^|\/)\.?(?:snyk|trivy|grype|osv|audit|seaworthy-ignore|security-?scan)[\w.-]*$/i;

/** A date that is written into configuration, mostly as the default of a variable. */
function fixedDates({ repository }: Unit): readonly Found[] {
  return repository.documents.tree.files.flatMap((file) => {
    if (!/\.(?:ya?ml|properties|toml|conf|env)$|(?:^|\/)\.env[\w.]*$/.test(file.path)) return [];
    if (
      file.text.length > TEXT_MAX ||
      // What a scanner is told to pass over until then is nobody's key.
      LISTS.test(file.path) ||
      /(?:^|[/._-])(?:tests?|examples?|fixtures?)(?:[/._-]|$)/i.test(file.path)
    ) {
      return [];
    }
    return datesIn(file);
  });
}

function datesIn(file: SourceFile): readonly Found[] {
  const dated = file.text.split("\n").flatMap((line, index) => {
    const date = line.length > 400 ? undefined : DATED.exec(line)?.[1];
    return date === undefined ? [] : [{ date, place: at(file, index + 1) }];
  });
  const [first, ...rest] = dated;
  if (first === undefined) return [];
  const places: readonly Location[] = rest.slice(0, 5).map(({ place }) => place);
  return [
    {
      severity: "warning",
      message:
        `${file.path}: an expiry is fixed to ${listed(dated.map(({ date }) => date))} ` +
        `for every deployment`,
      places: [first.place, ...places],
      why:
        "All that carry it stop working in the same minute, and a deployment after that " +
        "day starts dead.",
      fix: "Let it be set for each key and refuse a missing one; watch the days that are left.",
    },
  ];
}
