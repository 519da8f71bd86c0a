import { at, baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";

/** Users that Debian's base system and its packages of servers bring along. */
const KNOWN = new Set(
  (
    "root adm syslog daemon nobody www-data nginx haproxy mysql postgres redis mongodb rabbitmq " +
    "elasticsearch kibana logstash prometheus grafana alertmanager jenkins git backup proxy mail"
  ).split(" "),
);

/** logrotate passes over a stanza whose `create` or `su` names a user that the host has not. */
export function unknownLogUsers(unit: Unit): readonly Found[] {
  return unit.documents.of("logrotate").flatMap(({ file, stanzas }) =>
    stanzas.flatMap(({ directives }) =>
      directives.flatMap(({ line, words }): readonly Found[] => {
        const [option, ...rest] = words;
        const user = option === "su" ? rest[0] : option === "create" ? rest[1] : undefined;
        if (user === undefined || KNOWN.has(user) || isMade(unit, user)) return [];
        if (isInImage(unit, file.path, user)) return [];
        return [
          {
            severity: "warning",
            message: `logrotate: the user ${user} is made nowhere on this host`,
            places: [at(file, line)],
            why:
              "a user of the image is none of the host: logrotate says unknown user, passes over " +
              "the stanza, and the logs grow until the disk is full",
            fix: `useradd --system ${user} where the host is set up, or rotate as root`,
          },
        ];
      }),
    ),
  );
}

/** The stanza is copied into an image that makes the user. */
function isInImage(unit: Unit, path: string, user: string): boolean {
  return unit.repository.documents
    .of("dockerfile")
    .some(
      ({ file: { text } }) =>
        text.includes(baseName(path)) &&
        /(user|group)add|adduser/.test(text) &&
        text.includes(user),
    );
}

/** A step outside of images adds the user, or a service of the host runs as it. */
function isMade(unit: Unit, user: string): boolean {
  const runs = unit.repository.documents.tree.files.some(
    ({ path, text }) =>
      path.endsWith(".service") &&
      text
        .slice(0, 20_000)
        .split(/\r?\n/)
        .some((line) => line.trim() === `User=${user}`),
  );
  if (runs) return true;
  return unit.repository.facts
    .of("step")
    .some(
      ({ words }) =>
        words.includes(user) && words.some((word) => /^(user|group)add$|^adduser$/.test(word)),
    );
}
