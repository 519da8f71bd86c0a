import assert from "node:assert/strict";
import { test } from "node:test";
import { survey } from "../../../facts/unit.ts";
import { treeOf } from "../example.fixture.ts";
import { SCRIPTS_RULES } from "./scripts.ts";

/** What this family says of a tree, as `severity rule`. */
function said(files: Readonly<Record<string, string>>): readonly string[] {
  return survey(treeOf(files)).units.flatMap((unit) =>
    SCRIPTS_RULES.flatMap(({ name, check }) =>
      check(unit).map(({ severity }) => `${severity} ${name}`),
    ),
  );
}

/** Of a lone backup.sh. */
function saidOf(...lines: readonly string[]): readonly string[] {
  return said({ "backup.sh": ["#!/bin/bash", ...lines, ""].join("\n") });
}

const PIPE = "error pipe-hides-dump-failure";
const PRUNE = "error prune-without-verify";
const CLEAN = "find /backup -name '*.gz' -mtime +7 -delete";

test("a masked dump is seen in functions, in other shells and in containers", () => {
  const masked: readonly (readonly string[])[] = [
    ["pg_dump shop | gzip > /backup/a.gz"],
    ["set -e", "pg_dump shop | gzip > /backup/a.gz"],
    ["save() { mysqldump shop | gzip > /backup/a.gz; }", "save || exit 1"],
    ["docker exec db sh -c 'pg_dump shop | gzip > /backup/a.gz'"],
    ["docker exec app tar -czf - /data | cat > /backup/a.tgz"],
  ];
  for (const lines of masked) assert.ok(saidOf(...lines).includes(PIPE), lines.join("; "));
  const seen: readonly (readonly string[])[] = [
    ["set -o pipefail", "pg_dump shop | gzip > /backup/a.gz"],
    ["pg_dump shop | gzip > /backup/a.gz", "[ ${PIPESTATUS[0]} -eq 0 ] || exit 1"],
    ["pg_dump -Fc shop > /backup/a.dump"],
    ["pg_dump shop | psql copy"],
    ["pg_dump -Fc shop | cat > /backup/a.dump", "pg_restore -l /backup/a.dump || exit 1"],
  ];
  for (const lines of seen) assert.ok(!saidOf(...lines).includes(PIPE), lines.join("; "));
});

test("a prune is left alone only where the new backup is proven", () => {
  const unproven: readonly (readonly string[])[] = [
    ["pg_dump shop > /backup/a.gz", CLEAN],
    ["pg_dump shop > /backup/a.gz || echo failed", CLEAN],
    ["set -e", "pg_dump shop | gzip > /backup/a_$(date +%F).gz", CLEAN],
    ["pg_dump shop | gzip > /backup/a.gz", `if [ $? -eq 0 ]; then ${CLEAN}; fi`],
    ["pg_dump shop | gzip > /backup/a.gz", `if [ -s /backup/a.gz ]; then ${CLEAN}; fi`],
    ["pg_dump shop > /backup/a.sql", "gzip /backup/a.sql", CLEAN],
  ];
  for (const lines of unproven) assert.ok(saidOf(...lines).includes(PRUNE), lines.join("; "));
  const proven: readonly (readonly string[])[] = [
    ["set -e", "pg_dump shop > /backup/a.gz", CLEAN],
    ["pg_dump shop > /backup/a.gz || exit 1", CLEAN],
    [`pg_dump shop > /backup/a.gz && ${CLEAN}`],
    ["pg_dump shop > /backup/a.gz", `if [ $? -eq 0 ]; then ${CLEAN}; fi`],
    ["pg_dump shop | gzip > /backup/a.gz", "gzip -t /backup/a.gz || exit 1", CLEAN],
    ["save() { pg_dump shop > /backup/a.gz; }", `if save; then ${CLEAN}; fi`],
    ["set -e", "pg_dump shop > /backup/a.gz", "find /var/log -name '*.log' -delete"],
  ];
  for (const lines of proven) assert.ok(!saidOf(...lines).includes(PRUNE), lines.join("; "));
});

test("what is no backup is asked for nothing", () => {
  const release = ["#!/bin/bash", "set -e", "tar czf release-$(git describe).tgz dist/", ""];
  assert.deepEqual(said({ "release.sh": release.join("\n") }), []);
  const aside = ["#!/bin/bash", "set -e", "pg_dump shop > backups/before_$(date +%F).sql", ""];
  assert.deepEqual(
    said({ "deploy.sh": aside.join("\n") }).filter((text) => text.startsWith("warning backup-")),
    [],
  );
});

test("a script that a container runs has the container's paths", () => {
  const compose = [
    "services:",
    "  keeper:",
    "    image: alpine:3.20",
    "    command: [sh, /backup.sh]",
    "    volumes:",
    "      - shop-data:/input:ro",
    "      - ./backup.sh:/backup.sh:ro",
    "volumes:",
    "  shop-data:",
    "",
  ].join("\n");
  const script =
    "#!/bin/sh\nset -eu\ntar czf /mnt/keep/a.tgz -C /input .\ntar tzf /mnt/keep/a.tgz\n";
  const found = said({ "compose.yml": compose, "backup.sh": script });
  assert.ok(!found.some((text) => text.includes("backup-path-mismatch")), found.join());
});

test("a program with an underscore is no missing function, nor is one that is asked for", () => {
  const text = [
    "#!/bin/bash",
    "mosquitto_passwd -U /p",
    "command -v notify_team && notify_team x",
    "pg_isready",
    "",
  ];
  assert.deepEqual(said({ "run.sh": text.join("\n") }), []);
});

test("a failover that a person starts may rely on one look", () => {
  const move = "aws route53 change-resource-record-sets --change-batch x\n";
  const failover = (middle: string) => said({ "failover.sh": `#!/bin/bash\n${middle}${move}` });
  const ignored = "error failover-decision-unsafe";
  assert.ok(failover("curl -f https://a.example/health\n").includes(ignored));
  assert.ok(!failover("curl -f https://a.example/health && exit 1\n").includes(ignored));
  assert.ok(!failover("curl -f https://a.example/health\nread -p sure? a\n").includes(ignored));
});

test("never prints the password", () => {
  const text = "#!/bin/bash\nmysqldump -uroot -pHunter2Hunter2 shop > /backup/a.sql\n";
  const all = survey(treeOf({ "backup.sh": text })).units.flatMap((unit) =>
    SCRIPTS_RULES.flatMap(({ check }) => check(unit)),
  );
  assert.ok(all.some(({ message }) => message.includes("password")));
  assert.ok(!JSON.stringify(all).includes("Hunter2"));
});
